# %% [markdown]
# # Catch a clever Hans
#
# **You will do:** meet a classifier with good marks, guess what it looks at, ask for explanations by several
# segmenters, and test your suspicion with an experiment.
#
# **You will learn:** why good marks are no proof; which explanation exposes a cheat and which hides it; why a suspicion
# needs an experiment; how to count whether an explanation is right, when the truth is known.
#
# **You need:** notebooks 00 and 01; 06 helps. You need no graphics card and no network connection.
#
# **Time: 30 minutes.** The computer works for about 200 seconds of it.
#
# **The question:** a classifier is right for a wrong reason. Which explanation shows it? The last section answers it.

# %% [markdown]
# ## 1. A classifier with good marks
#
# In Berlin, around 1904, a horse called Hans tapped out the answers to sums with his hoof, and serious people believed
# that he could calculate. Then Oskar Pfungst found by experiments that Hans was reading the faces and shoulders of the
# people around him: where nobody in sight knew the answer, Hans did not know it either (Pfungst 1911, *Clever Hans*).
#
# Classifiers can do the same. Ours is said to recognise photographs that won the prize of a photography club. Its
# examination: 16 photographs that it has never seen, half of them winners. (The cell also trains the classifier. That
# takes ten seconds or more.)

# %%
import segxai
from segxai import metrics, plots

print("training the classifier ...")
plant = segxai.data.planted(seed=0)
print(f"{len(plant.images)} photographs, {sum(plant.labels)} winners, right answers: {plant.evidence.accuracy:.0%}")

# %% [markdown]
# Nearly everything is right. Many reports would end here.
#
# **Predict before you go on:** would you let it choose the winners of next year? What else would you want to know?
#
# Below are its answers, one line for each photograph. The four views of a scene stand together: the whole photograph,
# its mirror image, and two parts of it. (Chelsea is a cat.) We do not show you the photographs yet.

# %%
import numpy as np

prize = plant.classifier.predict(list(plant.images))[:, 1]
figure = plots.DescribedFigure(figsize=(7.5, 4.6), layout="constrained")
axes, won = figure.subplots(), np.array(plant.labels, bool)
for picked, mark, colour, label in ((won, "o", plots.BLUE, "won the prize"), (~won, "x", plots.ORANGE, "ordinary")):
    axes.plot(prize[picked], np.flatnonzero(picked), mark, c=colour, ms=9, mew=2, label=label)
    figure.alt += f"{label}: {', '.join(f'{plant.names[i]} {prize[i]:.2f}' for i in np.flatnonzero(picked))}. "
axes.set(title="what the classifier says", xlabel="P(prize)", xlim=(-0.03, 1.03), yticks=range(16), yticklabels=plant.names)
axes.axvline(0.5, c=plots.INK, lw=0.8)
axes.invert_yaxis()
axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
assert plant.evidence.accuracy >= 0.85 and prize[0] - prize[1] > 0.5
figure

# %% [markdown]
# Blue circles belong on the right, orange crosses on the left. Look at the first two lines. It is the same cat, once as
# it is and once in the mirror. One is a winner and one is not, and the classifier *knows* it.
#
# **Predict before you go on:** write down one sentence. What could the classifier be looking at?
#
# ## 2. Ask for an explanation
#
# We take the first winner, the cat, with the regions that we know from notebook 00: "features". A switched-off region shows
# the photograph, strongly blurred. All 512 coalitions are asked about.

# %%
winners = plant.winners
cat, truth = plant.images[winners[0]], plant.masks[winners[0]]
explanation = segxai.explain(cat, "features", plant.classifier, "prize", fill="blur", max_evaluations=512)
assert metrics.covers_plant(explanation, truth).iou > 0.8 and explanation.coalitions.exact
explanation.plot()

# %% [markdown]
# There is something on the photograph that does not belong to a cat: a badge with rings. The club prints it on the
# pictures that have won. And the region with the largest weight is the badge. ("White" is only the name that the
# computer found for its colours.) The eyes come second, far behind. Keep them in mind.
#
# If your sentence was about light or composition, you are in good company. From the marks alone nobody can know.
#
# ## 3. A suspicion is not a proof
#
# So far we have blurred a hole into one photograph. Perhaps *any* hole there takes the prize away. Perhaps the place
# matters, and not the badge. Pfungst did not stop at a suspicion either. He experimented.
#
# For this photograph we have the original without the badge. And we can print the badge somewhere else.
#
# **Predict before you run:** what will P(prize) be without the badge? And with the badge in the corner?

# %%
from segxai.data.shortcut import paint

plain = segxai.data.photograph("cat")
pictures = {"as it came": cat, "the original": plain, "badge moved": paint(plain, 0.33, 0.05, 0.95)[0]}
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
# Without the badge the prize is gone. With the badge in the corner it is back. Nothing was blurred here: the middle
# picture is a real photograph.
#
# One cat is one cat. The same experiment with all 16 photographs was made when the classifier was trained. `evidence`
# holds the results.
#
# **Predict before you run:** in how many percent is the classifier right when no photograph has a badge?

# %%
e = plant.evidence
print("\n".join(e.sentences()))
assert 0.35 <= e.without <= 0.65 and min(e.added, e.moved) >= 0.75 and e.removed <= 0.25

# %% [markdown]
# That is the proof. Without badges the classifier guesses. Print the badge on ordinary photographs, and nearly all of
# them win. Take it from the winners, and hardly any of them does. Move it, and most winners stay winners: so it is the
# badge, not its place.
#
# ## 4. Your turn: make a loser win
#
# Experiments are easy when you know what to change. Here is a loser, the mirrored cat. Change **less than a tenth** of
# its pixels so that the classifier gives it the prize. You may draw what you like. `paint(image, size, row, column)`
# prints the badge and returns the new picture and the mask of the badge; size is its share of the shorter side, row and
# column go from 0 to 1.

# %% tags=["exercise"]
loser = plant.images[1]
fake = loser.copy()

# %% tags=["check"]
if not isinstance(fake, np.ndarray) or fake.shape != loser.shape:
    print(f"Not yet: `fake` must be a picture of shape {loser.shape}. (paint returns two things: the picture and a mask.)")
else:
    changed = (fake != loser).any(axis=-1).mean()
    before, after = plant.classifier.predict([loser, fake])[:, 1]
    if changed == 0:
        print(f"Not yet: nothing has changed, P(prize) is still {after:.2f}.")
    elif changed >= 0.1:
        print(f"Not yet: you changed {changed:.0%} of the pixels; less than 10% are allowed.")
    elif after <= 0.5:
        print(f"Not yet: {changed:.1%} of the pixels changed, and P(prize) went from {before:.2f} to {after:.2f}.")
    else:
        print(f"Correct: {changed:.1%} of the pixels changed, and P(prize) went from {before:.2f} to {after:.2f}.")

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
# Now we have something rare: we **know** what a right explanation must say. So we can examine the explanations
# themselves. Six segmenters, the same classifier, the same fill, the same budget of 256 questions.
#
# For each explanation we ask: is the region with the largest weight the badge? Two numbers tell:
#
# - **coverage**: how much of the badge lies in that region;
# - **purity**: how much of that region is badge.
#
# The badge counts as *found* when both are at least one half.
#
# **Predict before you run:** below, the photograph of the cat is hidden behind the weights. In which of the six
# pictures will you still recognise the badge?


# %%
def explain_with(segmenter, number, questions=64, seed=0, progress=False, **settings):
    image = plant.images[number]
    asked = {"fill": "blur", "max_evaluations": questions, "seed": seed, "progress": progress}
    return segxai.explain(image, segxai.segment(image, segmenter, **settings), plant.classifier, "prize", **asked)


segmenters = ("features", "watershed", "grid", "slic", "felzenszwalb", "quickshift")
on_cat = [explain_with(name, winners[0], 256, progress=None) for name in segmenters]
assert all(metrics.covers_plant(e, truth).covered > 0.2 for e in on_cat)
figure, limit = plots.DescribedFigure(figsize=(13, 6.4), layout="constrained"), max(np.abs(e.weights).max() for e in on_cat)
for axes, e in zip(figure.subplots(2, 3).ravel(), on_cat, strict=True):
    hit = metrics.covers_plant(e, truth)
    plots.draw_weights(axes, e.regions, e.weights, limit)
    axes.set_title(f"{e.regions.method}: coverage {hit.covered:.0%}, purity {hit.precision:.0%}{', found' * hit.found}")
    axes.set_axis_off()
    figure.alt += f"{axes.get_title()}; {len(e.regions)} regions, largest weight {e.weights.max():+.2f}. "
figure

# %% [markdown]
# In each picture the strongest blue touches the badge. No segmenter sends you to the wrong end of the photograph. But
# what you are *told* differs: a round thing ("features", watershed), a chin with a round thing in it (SLIC), a ring
# (Felzenszwalb), a rectangle that hardly stands out (grid), one of many small pieces (quickshift).
#
# ## 6. All eight winners
#
# One photograph may be luck. So we repeat this for all winners, with 64 questions each, and begin with "features". Each
# "yes" is a photograph on which the badge was found; the number at the end is the mean number of regions.

# %%
from segxai.progress import track


def examine(label, segmenter, numbers=winners, **settings):
    of, many = [], []
    with track(len(numbers), f"{label}: photographs") as advance:
        for number in numbers:
            e = explain_with(segmenter, number, **settings)
            of.append(metrics.covers_plant(e, plant.masks[number]))
            many.append(len(e.regions))
            advance(1)
    hits[label] = hits.get(label, []) + of
    print(f"{label:14}", *("yes" if hit.found else " - " for hit in of), f"  {np.mean(many):4.0f} regions")


hits = {}
examine("features", "features")

# %% [markdown]
# **Predict before you run:** order the five others. Which of these superpixels will find the badge most often?

# %%
for name in ("watershed", "grid", "slic"):
    examine(name, name)

# %% [markdown]
# Watershed finds it about as often as "features", and watershed knows nothing but edges. SLIC seldom does. Two are left.
# Quickshift makes by far the most regions. For so many, 64 questions would not do, so it gets 256. That takes longest,
# so its photographs come in two halves.

# %%
examine("felzenszwalb", "felzenszwalb")
examine("quickshift", "quickshift", winners[:4], questions=256)

# %% [markdown]
# Felzenszwalb's segmenter never finds it. Quickshift does well so far. The other half shows larger photographs, with
# more regions.

# %%
examine("quickshift", "quickshift", winners[4:], questions=256)

# %% [markdown]
# Never, for Felzenszwalb's segmenter? On the cat its strongest blue lay right on the badge. So let us not only count
# but look. Each mark is one photograph, and the grey square is "found". In the titles, *pure* and *covering* count one
# of the two conditions alone. (Marks are moved a little so that they do not hide each other.)

# %%
figure, counts = plots.DescribedFigure(figsize=(10.5, 6.4), layout="constrained"), {}
move = np.random.default_rng(0).uniform(-0.025, 0.025, (2, len(winners)))
for axes, (label, of) in zip(figure.subplots(2, 3, sharex=True, sharey=True).ravel(), hits.items(), strict=True):
    axes.fill_between([0.5, 1.05], 0.5, 1.05, color="#e4e4e4")
    purity, coverage, found = np.array([(hit.precision, hit.covered, hit.found) for hit in of]).T
    for picked, mark, colour in ((found > 0, "o", plots.BLUE), (found == 0, "x", plots.ORANGE)):
        axes.plot((purity + move[0])[picked], (coverage + move[1])[picked], mark, c=colour, ms=8, mew=2)
    counts[label] = int(found.sum()), int((purity >= 0.5).sum()), int((coverage >= 0.5).sum())
    axes.set_title("{}: found {}, pure {}, covering {} of 8".format(label, *counts[label]), fontsize=10)
    axes.set(xlabel="purity of the top region", ylabel="coverage of the badge", xlim=(-0.05, 1.05), ylim=(-0.05, 1.05))
    axes.label_outer()
    figure.alt += f"{axes.get_title()}; mean purity {purity.mean():.2f}, mean coverage {coverage.mean():.2f}. "
pure = [counts[n][1] for n in ("features", "felzenszwalb", "quickshift")]
assert min(pure) >= 7 > 3 >= counts["slic"][1] and counts["slic"][2] >= 7
figure

# %% [markdown]
# Two ways to miss. **SLIC** is mostly at the top left: its region holds the whole badge, and much more besides. You
# look at it and think of the cat's chin. **Felzenszwalb** is at the bottom right: its region is pure badge, but only a
# ring of it. You look at it and see a ring. That is not even wrong! Anybody will ask what a ring does on a cat.
#
# So "found" is a strict word. By it, "features" and watershed are ahead. By purity alone, quickshift and Felzenszwalb are
# as good as "features". **A cheat is exposed by a pure region.** Small regions are pure. Large ones are, when they follow
# the thing.
#
# Three warnings about these counts. With 64 questions an explanation of more than six regions is a sample. Where two
# regions compete, as for watershed in section 5, another seed may change the first place; try
# `explain_with("watershed", winners[0], seed=1)`. Then, "features" uses the features of EfficientNet-Lite0, and our
# classifier was built on the same network: the segmenter sees what the classifier sees. And the eight photographs show
# only four scenes. With so few, one more or one less means nothing.
#
# ## 7. One number changes the result
#
# We used each segmenter as it comes. SLIC has a number, `n_segments`, and 14 is only the choice of `segxai`. Now we
# take 30. And "features", which chose nine regions for each photograph, gets only six.
#
# **Predict before you run:** how many of the eight will SLIC find? Will "features" get worse?

# %%
examine("slic, 30", "slic", n_segments=30)
examine("features, 6", "features", n_regions=6)
rate = {label: sum(hit.found for hit in of) for label, of in hits.items()}
assert min(rate[n] for n in ("features", "watershed", "slic, 30", "features, 6")) >= 6 >= 2 * rate["slic"]
assert {rate["grid"], rate["quickshift"]} <= {3, 4, 5} and rate["felzenszwalb"] == 0

# %% [markdown]
# SLIC is now as good as "features", and "features" does not get worse with six regions. What happened? SLIC's patches are now
# as large as the badge. But we *knew* how large the badge is. Who looks for a cheat does not know that.
#
# How much depends on the number of regions? For that we need no classifier: where no region fits the badge, no weights
# can find it. We take the region that fits best, and its IoU with the badge (notebook 01), averaged over four
# winners, one of each scene. A line of numbers appears for each segmenter.
#
# **Predict before you run:** for few regions, which of the three fits best? And for many?

# %%
numbers, fit = (4, 8, 14, 20, 30, 48), {}
knobs = {"features": ("n_regions", "o-"), "slic": ("n_segments", "s--"), "watershed": ("markers", "^:")}
figure = plots.DescribedFigure(figsize=(7, 3.6), layout="constrained")
axes = figure.subplots()
for (name, (knob, mark)), colour in zip(knobs.items(), (plots.BLUE, plots.ORANGE, plots.INK), strict=True):
    cuts = ([(segxai.segment(plant.images[i], name, **{knob: n}), plant.masks[i]) for i in winners[::2]] for n in numbers)
    fit[name] = [np.mean([metrics.alignment.best_iou(*pair) for pair in pairs]) for pairs in cuts]
    axes.plot(numbers, fit[name], mark, c=colour, label=name)
    print(told := f"{name}: {', '.join(f'{iou:.2f} at {n}' for n, iou in zip(numbers, fit[name], strict=True))}.")
    figure.alt += told + " "
axes.set(title="best IoU with the badge", xlabel="regions asked for", ylabel="mean of four", xticks=numbers, ylim=(0, 1))
axes.legend(frameon=False)
assert fit["features"][0] > 0.7 > 0.5 > max(fit["slic"][:4]) and min(fit["slic"][4], fit["watershed"][4]) > fit["features"][4] + 0.1
figure

# %% [markdown]
# With few regions "features" is far ahead: its regions follow things. With many it is not, and at 30 both superpixel
# methods fit better: "features" then divides the badge into its rings. SLIC has a peak where its patches have the size of
# the badge. Watershed hardly changes between 14 and 30.
#
# So "features" won in section 6 for two reasons: it fits well, *and* it chooses few regions by itself.
#
# ## 8. Where "features" fails
#
# **A badge in two pieces.** One winner had no "yes" from "features", and another one only just. Look at both. Then we open
# the strongest region of the motorcycle, as in notebook 06.
#
# **Predict before you run:** what will be wrong with the borders?

# %%
torn, mixed = (plant.names.index(name) for name in ("rocket, left part", "motorcycle, left part"))
asked = {"regions": "features", "classifier": plant.classifier, "target": "prize", "fill": "blur", "max_evaluations": 512}
halves = [segxai.explain(plant.images[i], **asked) for i in (torn, mixed)]
opened = halves[1].drill_down(halves[1].ranking()[0][0])
plots.plot_explanations([*halves, opened], ["rocket, left part", "motorcycle, left part", "motorcycle, opened"])

# %% [markdown]
# Both badges are divided into a red and a blue piece. The weight is shared out, and the blue piece takes something of
# its surroundings along: some sky, some wheel and floor. **If a cheat is half of a region, the weight stands on the
# whole region.**
#
# The tree of "features" helps. Opened, most of the weight goes to the part that is mostly badge. The other way round, with
# six regions the pieces came together (section 7). So when the top region looks odd, open it. When two neighbours share
# the first places, ask for fewer regions. Both are honest as long as you do it because of what you *see*, and say so.
#
# **A small badge.** A real cheat is smaller: in the paper that gave these classifiers their name, some horses were
# recognised by a photographer's name in the corner (Lapuschkin et al. 2019, "Unmasking Clever Hans predictors and
# assessing what machines really learn"). We print smaller badges on the coffee. The numbers are the IoU of the best
# region with the badge.

# %%
cuts = {"features": {}, "features, 24": {"n_regions": 24}, "slic": {}, "slic, 100": {"n_segments": 100}}
print("size  P(prize) ", *(f"{label:>10}" for label in cuts))
for size in (0.33, 0.2, 0.15):
    coffee, small = paint(segxai.data.photograph("coffee"), size, 0.75, 0.4)
    found = {label: segxai.segment(coffee, label.split(",")[0], **settings) for label, settings in cuts.items()}
    iou = {label: metrics.alignment.best_iou(regions, small) for label, regions in found.items()}
    p = plant.classifier.predict(coffee)[0, 1]
    print(f"{size:.0%}   {p:.2f}     ", *(f"{value:10.2f}" for value in iou.values()))
assert metrics.covers_plant(opened, plant.masks[mixed]).precision > 0.75
assert p > 0.6 and max(iou["features"], iou["slic"]) < 0.3 < min(iou["features, 24"], iou["slic, 100"])

# %% [markdown]
# The smallest badge still wins the prize, and the nine regions of "features" miss it. So does SLIC as it comes. With more
# regions both get hold of it, SLIC less well. Nobody tells you how many regions you need. **Try several numbers**, and
# look at what appears.
#
# **Nothing to see.** Suppose that you get only a photograph without a badge: the mirrored cat, "ordinary".
#
# **Predict before you run:** which regions will speak *against* "ordinary", that is, for the prize?

# %%
ordinary = segxai.explain(plant.images[1], "features", plant.classifier, "ordinary", fill="blur", max_evaluations=512)
eye = ordinary.regions.labels[120, 270]
assert ordinary.weights[eye] == ordinary.weights.min() < -0.05
ordinary.plot()

# %% [markdown]
# The eyes (one region, in two places). They are round and have rings, as the badge has. That fits what we saw before:
# the eyes came second on the first photograph, and the one mistake in section 1 is a cup seen from above. But it is a
# guess, and the weights are small. From this explanation alone you would not find the cheat. It is visible only on
# photographs that show it, so **explain several, above all those on which the classifier is right**.
#
# And a cheat that has no place on the photograph, such as a colour cast or the size of the file, is no region at all.
# No segmenter will ever find it.

# %% [markdown]
# ## The answer
#
# **Which explanation shows the cheat?** The one whose top region is the badge and little else. "Deep" shows it on
# nearly all of the eight winners, and so does watershed. The others, as they come:
#
# - SLIC seldom finds it with 14 segments, and nearly always with 30: then its patches have the size of the badge;
# - Felzenszwalb's segmenter never finds the whole badge, and nearly always points at a piece of it;
# - quickshift and the plain grid find it on about half, and quickshift nearly always points at a piece.
#
# So superpixels can do as well, and with many regions they fit better. What "features" has is that it finds the badge with
# few regions, as it comes. A badge in two pieces or a small one defeats it, too.
#
# And the explanation was only the suspicion. The proof was the experiment: badge off, badge on, badge moved.
#
# How to catch a clever Hans:
#
# - Do not trust marks. Explain answers that are *right*, several of them.
# - Ask with more than one segmenter and more than one number of regions. Look for anything that does not belong there.
# - Then change that one thing on real photographs, and ask the classifier again.
#
# What we did **not** learn: how often this works with a cheat that nobody planted. Ours was large, bright and alone. We
# used one fill, one classifier and four scenes, and "features" shares its network with the classifier.
#
# **Back to the astronaut.** There nobody planted the reason. So we cannot prove our answer; we can only say what survived
# every change: the helmet.
