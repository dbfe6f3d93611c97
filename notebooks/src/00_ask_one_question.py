# %% [markdown]
# # Ask one question
#
# **You will do:** show a photograph to an image classifier, explain its prediction in
# one cell, correct the names in the explanation, and check it against single facts.
#
# **You will learn:** what a region, a coalition, a fill and a weight are, and how to
# read the figures of this course.
#
# **You need:** a little Python. You need no graphics card and no network connection.
#
# **Time: 25 minutes.** Run the cells from top to bottom with Shift+Enter. The computer
# works for about 30 seconds of it.
#
# **The question:** shown the photograph below, does the classifier use the space suit,
# the helmet, the head (face and hair), or a combination of them? The last section gives
# a first answer.

# %% [markdown]
# ## 1. A photograph and a prediction
#
# Look at the photograph before any computer does. What is in it?

# %%
import numpy as np
import segxai
from IPython.display import Markdown
from segxai import plots
from segxai.widgets import Quiz

photo = segxai.data.photograph("astronaut")
plots.plot_image(photo, "Eileen Collins, astronaut (photograph: NASA)")

# %% [markdown]
# A person in an orange space suit, a large black helmet on the right, a model of the
# space shuttle, a flag. The classifier is EfficientNet-Lite0, a small relative of
# [EfficientNet](https://arxiv.org/abs/1905.11946), trained on the 1000 classes of
# ImageNet. We treat it as a **black box**: an image goes in, and 1000 probabilities
# come out.

# %%
classifier = segxai.load_classifier("efficientnet_lite0")
for name, probability in classifier.top(photo, 5):
    print(f"{probability:6.1%}  {name}")
print([n for n in classifier.class_names if "space" in n or "astro" in n])

# %% [markdown]
# The prediction is wrong, and the network is not even sure of it. The last line shows
# why: there is no class "astronaut". The network has to spread its probability over
# classes that it knows, and people who wear helmets sit in bobsleighs and play
# football. That is a plausible story, but so far only a story. Let us measure.
#
# ## 2. An explanation in one cell
#
# To find out which part of a photograph matters, we hide parts of it and look at what
# happens to the probability. The parts should mean something to us, so `segxai` first
# divides the photograph into **regions** that follow the contours of things, and looks
# for a noun for each. Notebooks 05 and 06 show how.

# %%
Quiz(
    "Nobody can look inside a black box. How can we find out which part it uses?",
    {
        "Read the network's parameters": "It has millions of them, and none is "
        "about this photograph.",
        "Hide a part and evaluate again": "If the probability falls, it mattered.",
        "Look for the largest part": "A large part may be an empty wall.",
    },
    answer="Hide a part and evaluate again",
    rationale="The next cell does this for every combination of parts.",
)

# %%
explanation = segxai.explain(photo)
explanation.plot()

# %% [markdown]
# **How to read the figure.** On the left are the regions. Two networks have named them;
# a name with a question mark is a guess, and a region for which they found no noun is
# named after its place. The middle and right panels show a **weight** for each region:
# blue with a plus sign means that showing the region raises the probability of the
# class, orange with a minus sign that it lowers it.
#
# Where do the weights come from? A choice of which regions to show is called a
# **coalition**. Every other region is painted in its own mean colour, the **fill**. The
# classifier is evaluated on the resulting pictures, and a very simple model, a sum, is
# fitted to its probabilities. This sum is a **surrogate** for the classifier near this
# one photograph:
#
# $$f(z)\approx w_0+\sum_{k=1}^{K}w_k z_k$$
#
# Here $K$ is the number of regions, $z_k$ is 1 where region $k$ is shown and 0 where it
# is hidden, $f(z)$ is the probability, and $w_k$ is the weight of region $k$. This is
# LIME ([Ribeiro, Singh and Guestrin 2016](https://arxiv.org/abs/1602.04938)). Pictures
# in which more regions are shown count more in the fit (notebook 01). R² in the title
# says how well the sum fits: 1 is perfect, and 0 is no better than using one fixed
# number for all pictures.
#
# ## 3. Names that mean something
#
# Look at the regions by themselves, and at how probable each name is.

# %%
found = explanation.regions
for name, evidence in zip(found.marked_names, found.name_evidence, strict=True):
    sure = f"{evidence.probability:.2f}" if evidence.probability else "no noun"
    print(f"{name:10} {sure}")
plots.plot_regions(photo, found)

# %% tags=["hidden"]
first, second = (name for name, _ in classifier.top(photo, 2))
assert (first, second) == ("bobsleigh", "football helmet")
assert "astronaut" not in classifier.class_names
assert classifier.top(photo, 1)[0][1] < 1 / 3
places = ["centre", "centre 2"]
assert [*found.names] == ["helmet", "clothes", *places, "wall", "hair", "face"]
by_place = [evidence.source == "place" for evidence in found.name_evidence]
assert [n for n, yes in zip(found.names, by_place, strict=True) if yes] == places
assert [n for n in found.marked_names if "?" in n] == ["clothes ?", "wall ?"]
drawn = segxai.data.load("astronaut").annotation
inside = {t: found.labels[drawn.mask(t)] for t in ("flag", "shuttle", "collar")}
in_wall = {t: np.mean(inside[t] == found.index("wall")) for t in ("flag", "shuttle")}
assert min(in_wall.values()) > 0.5, in_wall
assert np.isin(inside["collar"], [found.index(n) for n in places]).mean() > 0.5

# %% [markdown]
# The helmet, the face and the hair have been found and named. The suit is only "clothes
# ?". "wall ?" is worse: the region holds the wall, but the flag and the shuttle as
# well. And two regions have no noun: "centre" is the dark opening of the suit, and
# "centre 2" is the collar around it.
#
# A wrong name does not change a weight, but it misleads the reader. So the first step
# after every segmentation is yours: correct the names. Where the *borders* are wrong, a
# better name does not help. An explanation can never be finer than its regions:
# whatever else a region contains shares its weight.
#
# ### Exercise 1: better names
#
# Add better names for the three other regions that need one. Leave the good names
# alone.

# %% tags=["exercise"]
my_names = {"clothes": "suit"}

# %% tags=["check"]
given = dict(my_names or {})
unknown = [name for name in given if name not in found.names]
named = zip(found.names, found.name_evidence, strict=True)
unnamed = [n for n, e in named if e.source == "place" and n not in given]
if unknown:
    print(f"Not yet: {unknown[0]!r} is not a region. They are: {found.names}.")
elif {"helmet", "face", "hair"} & set(given):
    print("Not yet: the helmet, the face and the hair have good names. Keep them.")
elif unnamed:
    print(f"Not yet: {unnamed[0]!r} still needs a noun. What is it in the picture?")
elif "wall" not in given:
    print("Not yet: the “wall” also holds a flag and a shuttle. Call it by more.")
elif len({*given.values()} | {"helmet", "face", "hair"}) < len(found):
    print("Not yet: every region needs a name that no other region has.")
else:
    print("Correct: now every name says what the region is.")

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# my_names = {
#     "clothes": "suit",
#     "wall": "background",
#     "centre": "opening",
#     "centre 2": "collar",
# }
# ```
#
# Other words are just as good.
#
# </details>

# %% [markdown]
# Now explain once more, with the corrected names. `rename` leaves the regions as they
# are, so the weights stay the same.

# %%
regions = found.rename(my_names | {"clothes": "suit"})
explanation = segxai.explain(photo, regions, classifier)
explanation.plot()

# %% [markdown]
# ## 4. Every coalition
#
# How many pictures does it take?

# %%
Quiz(
    "Each of K regions is either shown or hidden. How many coalitions are there?",
    {
        "K": "That would be one region hidden at a time.",
        "2 × K": "Each region has two states, but they combine freely.",
        "2 to the power K": "Two states for the first, times two for the second …",
    },
    answer="2 to the power K",
    rationale="With few regions that is few enough to evaluate every one of them.",
)

# %%
table = explanation.coalitions
print(f"{len(regions)} regions, {table.evaluations} pictures, complete: {table.exact}")

# %% [markdown]
# Nothing was left to chance: every coalition is in the table, so running the cell again
# gives the same weights. Most of what follows only reads this table; the classifier is
# not evaluated again.
#
# ## 5. A weight and a fact
#
# A weight summarises many coalitions. One row of the table is a plain fact. Look up the
# picture from which only the helmet is missing.

# %%
all_but_helmet = np.array(regions.names) != "helmet"
hidden = np.where(regions.mask("helmet")[..., None], table.filled, photo)
without = table.value_of(all_but_helmet)
weight = explanation.weights[regions.index("helmet")]
print(f"the helmet's weight:              {weight:+.3f}")
print(f"change when the helmet is hidden: {without - table.full:+.3f}")
plots.plot_image(hidden, f"{table.full:.3f} before, {without:.3f} without the helmet")

# %% [markdown]
# The second number is a fact, the first is not: the weight is an average over many
# coalitions, so the two differ. And "hidden" is not "gone": a dark shape with a round
# edge is still there. Every number in this course is about pictures like this one.
#
# ### Exercise 2: only the helmet
#
# Is the helmet enough on its own? Write the coalition that shows the helmet and nothing
# else, as an array with one True or False for each region, in the order of
# `regions.names`. The line below shows everything.

# %% tags=["exercise"]
only_helmet = np.ones(len(regions), bool)

# %% tags=["check"]
given = np.ravel([] if only_helmet is None else only_helmet)
shown = [name for name, on in zip(regions.names, given, strict=False) if on]
if given.shape != (len(regions),):
    print(f"Not yet: {len(regions)} values True or False are needed.")
elif shown == ["helmet"]:
    alone = table.value_of(given.astype(bool))
    print(f"Correct. On its own it gives {alone:.3f}, everything {table.full:.3f}.")
elif (given.astype(bool) == all_but_helmet).all():
    print("Not yet: that is everything but the helmet. Swap True and False.")
elif "helmet" not in shown:
    print(f"Not yet: the helmet must be shown. Now {len(shown)} regions are: {shown}.")
else:
    print(f"Not yet: {len(shown)} regions are shown. Compare names with 'helmet'.")

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# only_helmet = np.array(regions.names) == "helmet"
# ```
#
# </details>

# %% [markdown]
# ## 6. The other class
#
# The table also holds the probabilities of other classes. The runner-up was "football
# helmet". What led to it?

# %%
Quiz(
    "Will “football helmet” have the same explanation as “bobsleigh”?",
    {
        "Yes, the photograph is the same": "The photograph is, but the class is not. "
        "Compare the two rows of bars.",
        "Yes, but with every sign reversed": "The classes compete, but what speaks "
        "for one need not speak against the other.",
        "No, each class has its own": "An explanation belongs to a photograph and a "
        "class.",
    },
    answer="No, each class has its own",
    rationale="The two rows share one colour scale, so they may be compared.",
)

# %%
runner_up = explanation.refit(target="football helmet")
plots.plot_explanations([explanation, runner_up], ["bobsleigh", "football helmet"])

# %% [markdown]
# Now look up the facts as well. What share of the probability is left when only the
# helmet is shown, and what share when only the helmet is hidden? The table gives the
# same for the suit, for the head (face and hair), and for all three.

# %%
things = [["helmet"], ["suit"], ["face", "hair"]]
sets = [*things, ["helmet", "suit", "face", "hair"]]
kept = {}
for e in (explanation, runner_up):
    for only in (True, False):
        shown = [np.isin(regions.names, s) == only for s in sets]
        row = f"{e.target}, {'only' if only else 'all but'}"
        kept[row] = [e.coalitions.value_of(z) / e.coalitions.full for z in shown]
rows = [" | ".join([row, *(f"{v:.0%}" for v in vs)]) for row, vs in kept.items()]
head = ["shown | helmet | suit | head | all three", ":- | -: | -: | -: | -:"]
Markdown("\n".join([*head, *rows]))

# %% [markdown]
# "Football helmet" is a simple case: little is left without the helmet, and the helmet
# alone keeps about half. All three together give even more than the whole photograph:
# the rest of it opposes the class. "Bobsleigh" is not simple. Neither the helmet
# nor the suit nor the head keeps anything when shown alone, and all three together keep
# less than half. Yet without the helmet most of the probability is gone, and the same
# goes for the head: both are needed, but they are not enough.
#
# Such parts work *together*. A sum of weights cannot express that, and a low R² is a
# warning sign. That is why we look up facts as well as weights. So which regions are
# missing?
#
# ### Exercise 3: your own coalition (open)
#
# Find a small set of regions that keeps at least half of the probability of
# "bobsleigh". There are several; `regions.names` lists what you can choose from. Try to
# use as few as you can.

# %% tags=["exercise"]
my_set = []

# %% tags=["check"]
wanted = [] if my_set is None else my_set
unknown = [name for name in wanted if name not in regions.names]
share = table.value_of(np.isin(regions.names, wanted)) / table.full
if isinstance(my_set, str):
    print("Not yet: a list of names is needed, for instance ['helmet'].")
elif unknown:
    print(f"Not yet: {unknown[0]!r} is not a region. They are: {regions.names}.")
elif share < 0.5:
    print(f"Not yet: {len(wanted)} regions keep {share:.0%}. Add one that supports it.")
elif len(wanted) == len(regions):
    print("Not yet: that is the whole photograph. Leave something out.")
else:
    best = len(explanation.sufficient(0.5))
    print(f"Correct: {share:.0%} with {len(wanted)} regions. The fewest: {best}.")

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# my_set = list(explanation.sufficient(0.5))
# ```
#
# It searches the table for the smallest set that keeps at least half. Any other set
# that keeps half is right as well.
#
# </details>

# %% [markdown]
# ## 7. Where this fails
#
# We chose the fill. Would another one have told a different story? This time the
# classifier has to be evaluated again, on pictures in which the hidden regions are
# strongly blurred.

# %%
blurred = segxai.explain(photo, regions, classifier, "bobsleigh", fill="blur")
plots.plot_explanations([explanation, blurred], ["fill: mean colour", "fill: blur"])

# %% tags=["hidden"]
wall = found.index("wall")
assert blurred.weights[wall] < 0.4 * explanation.weights[wall]
assert table.exact and table.evaluations == 2 ** len(regions)
by_class = {t: (kept[f"{t}, only"], kept[f"{t}, all but"]) for t in (first, second)}
only, without_it = by_class["football helmet"]
assert 0.4 < only[0] < 0.6 and without_it[0] < 0.2 and only[3] > 2
only, without_it = by_class["bobsleigh"]
assert max(only[:3]) < 0.05 and only[3] < 0.5
assert max(without_it[0], without_it[2]) < 0.5 < without_it[1]
enough = explanation.sufficient(0.5)
assert {"helmet", "face"} < set(enough) and set(enough) - set(sets[3])

# %% [markdown]
# Trust what both rows agree on, and doubt what changes with the fill: the background
# (the wall, the flag and the shuttle) loses most of its weight. The regions were our
# choice as well, and notebook 01 shows how much depends on them. Finally, an
# explanation is about one photograph: nothing here says what the classifier does with
# the next one.
#
# `explanation.save("why.html")` saves an explanation as a single web page, on which
# regions can be switched off without Python. [The glossary](GLOSSARY.md) explains the
# terms used in this course.

# %% [markdown]
# ## The answer
#
# **Suit, helmet, head, or a combination?** It depends on the class. For "football
# helmet" it is the helmet, and head and suit only add to it. For "bobsleigh" it is a
# combination, but not the one that we expected: helmet and head are needed, yet the
# three together keep less than half unless further regions join them.
#
# What we do **not** know yet is how far to trust this. The regions came from one
# method, the fill was our choice, and LIME is only one way to compute weights. Notebook
# 07 returns to the question with better tools.
#
# The next question is about the method itself: **how much of a LIME explanation is due
# to chance, and how much to the segmentation? Go on with 01.**
