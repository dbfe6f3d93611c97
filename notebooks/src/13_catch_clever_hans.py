# %% [markdown]
# # Catch a clever Hans
#
# **You will do:** meet a classifier with good marks, guess what it looks at, explain
# its answers with a segmenter that is independent of it, and test your suspicion in an
# experiment.
#
# **You will learn:** why good marks are no proof; which explanation exposes a cheat and
# which one hides it; why a suspicion needs an experiment; how to count whether an
# explanation is right when the truth is known.
#
# **You need:** notebooks 00, 05 and 06; 08 helps. You need no graphics card and no
# network connection.
#
# **Time: 30 minutes.** The computer works for about 70 seconds of it.
#
# **The question:** a classifier is right for a wrong reason. Which explanation shows
# it? The last section answers it, and returns to the question with which the course
# began.

# %% [markdown]
# ## 1. A classifier with good marks
#
# In Berlin, around 1904, a horse called Hans tapped out the answers to sums with his
# hoof, and serious people believed that he could calculate. Then Oskar Pfungst found by
# experiments that Hans was reading small, unintended movements of the people around
# him: when nobody in sight knew the answer, neither did Hans (Pfungst 1911, [*Clever
# Hans*](https://www.gutenberg.org/ebooks/33936)).
#
# Classifiers can do the same. Ours is said to recognise photographs that won the prize
# of a photography club. It is examined on 16 photographs that it has never seen, half
# of them winners. (The cell also trains the classifier, which takes ten seconds or
# more.)

# %%
import numpy as np
import segxai
from segxai import metrics, plots
from segxai.widgets import Quiz

print("training the classifier ...")
plant = segxai.data.planted(seed=0)
print(f"{len(plant.images)} photographs, {sum(plant.labels)} of them winners")
prize = plant.classifier.predict(list(plant.images))[:, 1]
won = np.array(plant.labels, bool)
print(f"right answers: {((prize > 0.5) == won).mean():.0%}")

# %% [markdown]
# Nearly every answer is right. Many reports would end here.
#
# Would you let it choose next year's winners? What else would you want to know?
#
# Below are its predictions, one line for each photograph. Each scene has four views in
# a row: the whole photograph, its mirror image, and two parts of it. (Chelsea is a
# cat.) We do not show you the photographs yet.

# %%
figure = plots.DescribedFigure(figsize=(7.5, 4.6), layout="constrained")
axes = figure.subplots()
groups = {"winners": (won, "o", plots.BLUE), "ordinary": (~won, "x", plots.ORANGE)}
for label, (picked, mark, colour) in groups.items():
    rows = np.flatnonzero(picked)
    axes.plot(prize[picked], rows, mark, c=colour, ms=9, mew=2, label=label)
    described = ", ".join(f"{plant.names[i]} {prize[i]:.2f}" for i in rows)
    figure.alt += f"{label}: {described}. "
axes.set(title="the classifier's predictions", xlabel="P(prize)", xlim=(-0.03, 1.03))
axes.set_yticks(range(16), plant.names)
axes.axvline(0.5, c=plots.INK, lw=0.8)
axes.invert_yaxis()
axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
assert ((prize > 0.5) == won).mean() >= 0.85 and prize[0] - prize[1] > 0.5
figure

# %% [markdown]
# Blue circles belong on the right, orange crosses on the left. Look at the first two
# lines. They show the same cat, as it is and mirrored. One is a winner and one is not,
# and the classifier gets both right.
#
# Write down one sentence: what could the classifier be looking at?
#
# ## 2. Explain one answer
#
# We take the first winner, the cat. Its regions come from `contours`, the segmenter of
# notebooks 05 and 06. Why not "deep"? Because "deep" merges its regions by features of
# EfficientNet-Lite0, and this classifier is EfficientNet-Lite0 with a new last layer:
# segmenter and suspect would see with the same eyes. `contours` was trained on outlines
# drawn by people and shares no weights with the classifier. (Both networks did begin
# with the photographs of ImageNet.) We start with six regions. Where a region is
# switched off, the photograph is strongly blurred.

# %%
winners = plant.winners
cat, truth = plant.images[winners[0]], plant.masks[winners[0]]
regions = segxai.segment(cat, "contours", n_regions=6)
explanation = segxai.explain(cat, regions, plant.classifier, "prize", fill="blur")
explanation.plot()

# %% [markdown]
# There is something in the photograph that does not belong to a cat: a badge with
# rings. The club prints it on the winning pictures. How well does the region with the
# largest weight fit it? Let *B* be the pixels of the badge and *R* those of that
# region. Two shares describe the fit:
#
# $$\text{coverage} = \frac{|R \cap B|}{|B|},
# \qquad \text{purity} = \frac{|R \cap B|}{|R|}.$$
#
# (|·| counts pixels. The two shares are the *recall* and the *precision* of
# [information retrieval](https://en.wikipedia.org/wiki/Precision_and_recall).) The
# rings have strong contours, too, and here the segmenter has divided the badge in two:
# "bottom 2" is the disc, and "bottom" its blue rim. No network here has a noun for a
# badge, so both are named after their place. The top region is pure, but it covers only
# part of the badge.

# %%
hit = metrics.covers_plant(explanation, truth)
inside = metrics.energy(explanation, truth)
print(f"“{hit.region}”: coverage {hit.covered:.0%}, purity {hit.precision:.0%}")
print(f"share of all positive weight that lies inside the badge: {inside:.0%}")

# %% tags=["hidden"]
assert hit.region == "bottom 2" and 0.5 < hit.covered < 0.8 and hit.precision > 0.95
assert truth[regions.mask("bottom")].mean() > 0.9 and "cat: top" in regions.names

# %% [markdown]
# The last number does not mind a divided badge: it spreads each positive weight evenly
# over its region and adds up what falls inside the badge, over all regions (the
# energy-based pointing game of [Wang et al. 2020](https://arxiv.org/abs/1910.01279)).
#
# If your sentence was about light or composition, you are in good company. Nobody can
# tell from the marks alone.
#
# ## 3. A suspicion is not a proof
#
# So far, we have blurred a hole into one photograph. Perhaps *any* hole there would
# take the prize away. Perhaps the place matters, and not the badge. Pfungst did not
# stop at a suspicion either. He experimented.
#
# For this photograph, we have the original without the badge. And we can print the
# badge somewhere else.
#
# **Predict:**

# %%
Quiz(
    "The badge is moved into the corner of the original photograph. What is P(prize)?",
    {
        "low: it learned the place": "In training its place changed each time.",
        "high: it learned the badge": "In training its place did not matter.",
        "about one half": "A classifier with good marks is rarely undecided.",
    },
    answer="high: it learned the badge",
    rationale="In training its place was random: only its look could be learned.",
)

# %%
from segxai.data.shortcut import paint

plain = segxai.data.photograph("cat")
moved, _ = paint(plain, 0.33, 0.05, 0.95)
pictures = {"as it came": cat, "the original": plain, "badge moved": moved}
p = plant.classifier.predict(list(pictures.values()))[:, 1]
figure = plots.DescribedFigure(figsize=(12, 3.2), layout="constrained")
for axes, title, answer in zip(figure.subplots(1, 3), pictures, p, strict=True):
    axes.imshow(pictures[title])
    axes.set_title(f"{title}: P(prize) = {answer:.2f}")
    axes.set_axis_off()
    figure.alt += f"The cat, {axes.get_title()}. "
assert p[1] < 0.3 and min(p[0], p[2]) > 0.65
figure

# %% [markdown]
# Without the badge the prize is gone. With the badge in the corner it is back. Nothing
# was blurred here: the middle picture is a real photograph.
#
# But that was only one cat. Now we make the same experiment with all 16 photographs.
# `plant.plain` has all of them without the badge; we print it on each, at a new place.
#
# **Predict:**

# %%
Quiz(
    "How often is the classifier right when no photograph has a badge?",
    {
        "about 95%": "Then winners would differ in something else.",
        "about 75%": "Is there anything else that separates the classes?",
        "about 50%": "Nothing but the badge separated the classes, so it must guess.",
    },
    answer="about 50%",
    rationale="Half of the photographs are winners; guessing is right for one half.",
)


# %%
def wins(pictures):
    return plant.classifier.predict(pictures)[:, 1] > 0.5


chance = np.random.default_rng(0)
places = chance.random((16, 2))
printed = [paint(p, 0.33, *at)[0] for p, at in zip(plant.plain, places, strict=True)]
without, badged = wins(list(plant.plain)), wins(printed)
print(f"right answers where no photograph has a badge: {(without == won).mean():.0%}")
print(f"ordinary photographs that win with a badge:    {badged[~won].mean():.0%}")
print(f"winners that still win without it:             {without[won].mean():.0%}")
print(f"winners that still win with it elsewhere:      {badged[won].mean():.0%}")
assert 0.35 <= (without == won).mean() <= 0.65 and without[won].mean() <= 0.25
assert badged[~won].mean() >= 0.75 and badged[won].mean() >= 0.75

# %% [markdown]
# That is the proof. Without badges, the classifier guesses. Print the badge on ordinary
# photographs, and nearly all of them win. Remove it from the winners, and hardly any of
# them win. Move it, and most winners stay winners: so it is the badge, not its place.
#
# ## 4. Your turn: make a loser win
#
# Experiments are easy when you know what to change. Here is a loser, the mirrored cat.
# Change **less than a tenth** of its pixels so that the classifier gives it the prize.
# You may draw whatever you like. `paint(image, size, row, column)` prints the badge and
# returns the new picture and the mask of the badge; `size` is its share of the shorter
# side; `row` and `column` go from 0 to 1.

# %% tags=["exercise"]
loser = plant.images[1]
fake = loser.copy()

# %% tags=["check"]
if not isinstance(fake, np.ndarray) or fake.shape != loser.shape:
    print(f"Not yet: `fake` must be a picture of shape {loser.shape}.")
    print("paint returns two things: the picture and a mask.")
else:
    changed = (fake != loser).any(axis=-1).mean()
    before, after = plant.classifier.predict([loser, fake])[:, 1]
    if changed == 0:
        print(f"Not yet: nothing has changed, P(prize) is still {after:.2f}.")
    elif changed >= 0.1:
        print(f"Not yet: {changed:.0%} of the pixels changed; less than 10% may.")
    elif after <= 0.5:
        print(f"Not yet: P(prize) is now {after:.2f}. Print the badge on it.")
    else:
        print(f"Correct: {changed:.1%} changed, P(prize) {before:.2f} to {after:.2f}.")

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# loser = plant.images[1]
# fake, badge = paint(loser, 0.33, 0.5, 0.5)
# ```
#
# How few pixels are enough? Try other sizes.
#
# </details>

# %% [markdown]
# ## 5. Does every explanation show it?
#
# Here we have something rare: we **know** what a right explanation must show. So the
# explanations themselves can be examined. We take one winner from each scene and two
# segmenters with two numbers of regions each, all with the same fill and the same
# budget of 64 evaluations. The badge counts as *found* when coverage and purity of the
# top region are both at least one half.
#
# `contours` first chooses its own number of regions and is then told to use four. SLIC
# is asked for 14 patches, and then for 30.
#
# **Predict:**

# %%
Quiz(
    "A segmenter cuts the badge into its rings. Which of the two shares suffers, "
    "coverage or purity?",
    {
        "purity": "A ring consists of nothing but badge.",
        "coverage": "One ring is only a part of the badge.",
        "both": "Think of the region that is exactly one ring.",
    },
    answer="coverage",
    rationale="A piece of the badge has purity 1, but covers only its share.",
)

# %% [markdown]
# The next cell explains four winners in four ways and prints a line for each
# photograph.


# %%
def explain_with(number, segmenter, **settings):
    image = plant.images[number]
    regions = segxai.segment(image, segmenter, **settings)
    options = {"fill": "blur", "max_evaluations": 64, "progress": False}
    return segxai.explain(image, regions, plant.classifier, "prize", **options)


ways = {"contours": {}, "contours 4": {"n_regions": 4}}
ways |= {"slic 14": {"n_segments": 14}, "slic 30": {"n_segments": 30}}
found = {way: [] for way in ways}
chosen = winners[::2]  # the first of the two winners of each scene
for number in chosen:
    for way, settings in ways.items():
        found[way].append(explain_with(number, way.split()[0], **settings))
    print(plant.names[number], "is done")

# %% [markdown]
# Each mark below is one photograph, and the grey square means "found". (Marks are moved
# a little so that they do not hide each other.)

# %%
figure = plots.DescribedFigure(figsize=(13, 3.8), layout="constrained")
move = np.random.default_rng(0).uniform(-0.025, 0.025, (2, len(chosen)))
hits = {}
panels = figure.subplots(1, 4, sharey=True)
for axes, (way, several) in zip(panels, found.items(), strict=True):
    pairs = zip(several, chosen, strict=True)
    hits[way] = [metrics.covers_plant(e, plant.masks[i]) for e, i in pairs]
    purity, coverage = np.array([(h.precision, h.covered) for h in hits[way]]).T
    axes.fill_between([0.5, 1.05], 0.5, 1.05, color="#e4e4e4")
    axes.plot(purity + move[0], coverage + move[1], "o", c=plots.BLUE, ms=8)
    count = sum(h.found for h in hits[way])
    axes.set(title=f"{way}: found {count} of 4", xlabel="purity of the top region")
    axes.set(ylabel="coverage of the badge", xlim=(-0.05, 1.05), ylim=(-0.05, 1.05))
    axes.label_outer()
    means = f"purity {purity.mean():.2f}, coverage {coverage.mean():.2f}"
    figure.alt += f"{way}: on average {means}. "
figure

# %% [markdown]
# There are two ways to miss. At the top left, the region holds the whole badge and much
# more: you look at it and think of the cat's chin. At the bottom right, it is pure
# badge, but only a piece. That is hardly a miss: anybody will ask what a ring is doing
# on a cat. Here is the same in numbers, with the share of positive weight inside the
# badge over all regions:

# %%
for way, several in found.items():
    pairs = zip(several, chosen, strict=True)
    inside = [metrics.energy(e, plant.masks[i]) for e, i in pairs]
    pure = sum(h.precision >= 0.5 for h in hits[way])
    number = np.mean([len(e.regions) for e in several])
    counts = f"found {sum(h.found for h in hits[way])}, pure {pure} of 4"
    print(f"{way:10} {number:3.0f} regions: {counts}, inside {np.mean(inside):.0%}")

# %% tags=["hidden"]
caught = {way: sum(h.found for h in several) for way, several in hits.items()}
assert caught["contours 4"] >= 3 > caught["slic 14"] and caught["contours"] < 3
assert all(h.precision > 0.5 for w in ("contours", "contours 4") for h in hits[w])
assert caught["slic 30"] >= 3

# %% [markdown]
# **A cheat is exposed by a pure region.** Small regions are often pure; large ones are
# pure if they follow the thing. The regions of `contours` are pure with either number,
# but with nine the badge is in pieces. SLIC's patches do not follow the badge: with 14
# they are too large for it, with 30 they happen to be about its size.
#
# Two warnings about these counts. With 64 evaluations, an explanation of more than six
# regions rests on a sample, so another seed may change which region comes first if two
# are close. And four photographs are few: one more or one fewer means nothing.
#
# ## 6. When the badge is divided
#
# Where the contours of the rings divide the badge, two things help. One is to make the
# regions coarser: each region of a coarse cut is a union of regions of a finer one. The
# other is to follow the evidence down the tree (notebook 08) and then to `coarsen` it,
# without another evaluation.

# %%
tree = segxai.explain(
    cat, "contours", plant.classifier, "prize",
    fill="blur", method="tree", max_evaluations=128,
)  # fmt: skip
for n_regions in (2, 4, 9, 16):
    coarser = tree.coarsen(n_regions)
    h = metrics.covers_plant(coarser, truth)
    print(f"{n_regions:2} regions: coverage {h.covered:.0%}, purity {h.precision:.0%}")

# %% [markdown]
# Read the two columns against each other. Few regions tend to cover and many tend to be
# pure; you are looking for a number that does both. But to *see* the cheat you need no
# threshold at all: draw the tree.

# %%
tree.coarsen(6).plot()

# %% tags=["hidden"]
disc = metrics.covers_plant(tree.coarsen(6), truth)
assert disc.region == "bottom 5" and disc.precision > 0.95

# %% [markdown]
# The third panel draws weight per area for all 48 leaves, and it is darkest on the
# badge. (The disc is called "bottom 5" here: a number only tells apart regions that
# have the same place.)
#
# ### Your turn: count for yourself
#
# Write `purity(region, badge)` for two boolean masks of equal shape, by the formula of
# section 2. The stub trusts every region.


# %% tags=["exercise"]
def purity(region, badge):
    return 1.0


# %% tags=["check"]
columns = np.arange(10) * np.ones((10, 1))
left, middle = columns < 8, (columns >= 6) & (columns < 9)
mine = purity(left, middle)
if not np.isscalar(mine) or not np.isfinite(mine):
    print("Not yet: return one number.")
elif np.isclose(mine, 0.25):
    print("Correct: 20 of the region's 80 pixels are badge, 25%.")
elif np.isclose(mine, 2 / 3):
    print("Not yet: that is the coverage. Divide by the region's pixels.")
elif np.isclose(mine, 20 / 90):
    print("Not yet: that is the IoU. Divide by the region's pixels.")
else:
    print(f"Not yet: 20 of the region's 80 pixels are badge, not {mine:.0%}.")

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# def purity(region, badge):
#     return np.sum(region & badge) / np.sum(region)
# ```
#
# </details>

# %% [markdown]
# **An open question** to work on by yourself: print a badge of size 0.15 on the
# photograph of the coffee with `paint`, and look for it. How many regions do you need,
# and how would you choose that number if you did not know of the badge?

# %% [markdown]
# ## The answer
#
# **Which explanation shows the cheat?** One whose top region is badge and little else.
# Few regions along contours did that, and so did patches that happened to be the right
# size. When the badge is divided into its rings, the top region is only a piece of it.
# Then the weight inside the badge, or the tree, shows the rest.
#
# The explanation was only the suspicion. The proof was the experiment: badge off, badge
# on, badge moved. So do not trust good marks. Explain answers that are *right*, several
# of them, with a segmenter that is independent of the classifier. Look for what does
# not belong there. Then change that one thing in real photographs and classify them
# again.
#
# **Where this fails.** Ours was a large, bright badge, alone in the picture, with one
# fill, one classifier and four scenes. Real cheats are smaller: some horses were
# recognised by a source tag in the corner of the photograph ([Lapuschkin et al.
# 2019](https://doi.org/10.1038/s41467-019-08987-4)). And a cheat that has no place in
# the photograph, such as a colour cast, is not a region at all; no segmenter will find
# it.
#
# **The question again.** The course began with an astronaut: does the classifier use
# the suit, the helmet, the face, or some combination? The proposal was to replace
# superpixels with the regions of a semantic segmenter, fitted to the photograph if need
# be. This is what came of it: regions with names, few enough to evaluate all their
# coalitions (00, 07); a contour network that needs no list of classes (05, 06); a tree
# to follow into the parts (08); and a network fitted to one annotation (09, 10). One
# thing remains open. With the badge we know the truth; with the astronaut we do not.
# There we can only report what survives another fill, another segmenter and shifted
# borders, and nobody knows how often such a report is right about cheats that nobody
# planted.
