# %% [markdown]
# # Measure explanations
#
# **You will do:** let two explanations of one prediction compete, compute a metric by
# hand, compare three segmenters on five photographs, and fool a metric.
#
# **You will learn:** insertion and deletion curves, fidelity on held-out coalitions,
# stability, a sanity check, and paired differences with intervals.
#
# **You need:** notebooks 00 and 01; 07 helps. You need no graphics card and no network
# connection.
#
# **Time: 30 minutes.** The computer works for about 80 seconds of it.
#
# **The question:** semantic regions have names, so we find them easier to read. (We
# have not tested that with readers.) Are the explanations also *better*? The last
# section answers it.

# %% [markdown]
# ## 1. Two explanations of one prediction
#
# The photograph shows a cup of coffee. One explanation uses **things**: the five
# regions that a person drew. The other uses **patches**: small superpixels. Hidden
# regions show a strong blur (section 6 says why).

# %%
from dataclasses import replace

import numpy as np
import segxai
import skimage.data
from IPython.display import Markdown
from PIL import Image
from segxai import metrics
from segxai import plots
from segxai.widgets import Quiz

sample = segxai.data.load("coffee")
photo, classifier = sample.image, segxai.load_classifier("efficientnet_lite0")
superpixels = segxai.segment(photo, "slic", n_segments=60)
things = segxai.explain(photo, sample.annotation, classifier, fill="blur")
patches = segxai.explain(
    photo, superpixels, classifier, things.target, fill="blur", max_evaluations=256
)
duel = {"things": things, "patches": patches}
plots.plot_explanations(duel.values(), duel)

# %% [markdown]
# Both rows explain the same class. For the things, all 32 coalitions were evaluated.
# There are so many patches that the 256 coalitions evaluated here are a tiny sample.
# You may already prefer one row; from here on, only numbers count.
#
# ## 2. Insertion and deletion
#
# **Insertion** begins with the blurred photograph and shows one region after another,
# the largest weight first. If the weights are right, the probability rises early.
# **Deletion** begins with the whole photograph and hides the regions in the same order;
# now the probability should fall early. The metric is the area under the curve:
#
# $$A=\sum_{i=1}^{K}\,(x_i-x_{i-1})\,\frac{y_{i-1}+y_i}{2}$$
#
# $x_i$ is the share of the photograph's area that was shown (or hidden) after $i$
# regions, and $y_i$ is the probability divided by that of the whole photograph. For
# insertion a larger area is better, for deletion a smaller one. The idea is from RISE
# ([Petsiuk, Das and Saenko 2018](https://arxiv.org/abs/1806.07421)), which goes pixel
# by pixel.

# %%
Quiz(
    "Which explanation will win deletion, where a small area is good?",
    {
        "things": "Hiding a thing hides a large area at once: the steps are wide.",
        "patches": "Hiding a few small places may be enough to destroy a class.",
        "neither: the photograph is the same": "Both hide all of it in the end, but "
        "not in steps of the same size.",
    },
    answer="patches",
    rationale="Compare the areas in the legend below. Small patches waste less area.",
)

# %%
kinds = {"insertion": metrics.insertion, "deletion": metrics.deletion}
curves = {(k, who): run(e) for k, run in kinds.items() for who, e in duel.items()}
names = [f"{kind}, {who}" for kind, who in curves]
plots.plot_curves(list(curves.values()), names)

# %% [markdown]
# The four areas in numbers:

# %%
area_of = {key: curve.area for key, curve in curves.items()}
Markdown("; ".join(f"{k}, {who}: **{a:.3f}**" for (k, who), a in area_of.items()))

# %% tags=["hidden"]
assert area_of["insertion", "things"] > area_of["insertion", "patches"]
assert area_of["deletion", "things"] > area_of["deletion", "patches"]

# %% [markdown]
# One win each: things win insertion, patches win deletion.
#
# ### Exercise 1: the area
#
# Compute the area under the deletion curve of the things. `np.diff(x)` gives the widths
# of the steps. The line below is not right yet.

# %% tags=["exercise"]
x, y = curves["deletion", "things"].x, curves["deletion", "things"].y
my_area = y.mean()

# %% tags=["check"]
curve = curves["deletion", "things"]
width, height = np.diff(curve.x), curve.y
mistakes = {
    "that is the mean of the heights; wide steps must count more": height.mean(),
    "that is the sum of the heights; multiply each by a width": height.sum(),
    "you took the left end of each step; take the mean of both": width @ height[:-1],
    "you took the right end of each step; take the mean of both": width @ height[1:],
}
if my_area is None:
    print("Not yet: my_area is None. Multiply widths by heights and add them up.")
elif np.size(my_area) != 1:
    print(f"Not yet: one number is needed, not {np.size(my_area)}. Add them up.")
elif np.isclose(my_area, curve.area, atol=1e-4):
    print(f"Correct: {float(my_area):.3f}. The mean height is {height.mean():.3f}.")
else:
    why = [hint for hint, wrong in mistakes.items() if np.isclose(my_area, wrong)]
    print("Not yet:", why[0] if why else f"{float(my_area):.3f} is not the area.")

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# x, y = curves["deletion", "things"].x, curves["deletion", "things"].y
# my_area = np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2)
# ```
#
# </details>

# %% [markdown]
# Some programs report the mean of the heights. It depends on the number of regions, so
# it must not be compared between segmenters.
#
# ## 3. Fidelity: does the sum predict the classifier?
#
# R² compares the squared error of the sum with that of one fixed number. But a sum with
# many weights can adapt to the very coalitions that it was fitted to. So leave one
# coalition out, fit the sum to all the others, and predict the one that was left out.
# Done for each coalition in turn, this gives R² on **held-out** coalitions.

# %%
Quiz(
    "Which explanation will lose more when it is tested on held-out coalitions?",
    {
        "things": "Five weights were fitted to 32 coalitions.",
        "patches": "Dozens of weights were fitted to 256 coalitions.",
        "both lose the same": "They differ in the number of weights per coalition.",
    },
    answer="patches",
    rationale="The more weights per coalition, the more a fit can adapt to them.",
)

# %%
fits = {who: metrics.fidelity(e) for who, e in duel.items()}
for who, fit in fits.items():
    print(f"{who:8} R² {fit.r2:.2f}, on held-out coalitions {fit.loo_r2:.2f}")

# %% tags=["hidden"]
lost = {who: fit.r2 - fit.loo_r2 for who, fit in fits.items()}
assert lost["patches"] > lost["things"]

# %% [markdown]
# Read the *held-out* number whenever a sample is small compared with the number of
# regions.
#
# ## 4. Stability and sanity
#
# Here are two short checks. **Stability**: if the coalitions are drawn again with other
# seeds, how much does a weight vary? **Sanity**: also explain a class drawn at random.
# A method that merely retraces the outlines in a photograph would rank the regions in
# the same way for both classes ([Adebayo and others
# 2018](https://arxiv.org/abs/1810.03292) go further and randomise the network).

# %%
again = {who: metrics.seed_stability(e, repeats=2) for who, e in duel.items()}
sanity = {who: metrics.random_label(e) for who, e in duel.items()}
for who in duel:
    print(f"{who:8} scatter {again[who].relative:.1%} of the largest weight;", end=" ")
    print(f"rank correlation with “{sanity[who].against}”", end=" ")
    print(f"{sanity[who].correlation:+.2f}, by chance up to ±{sanity[who].chance:.2f}")

# %% tags=["hidden"]
assert again["things"].spread == 0 < again["patches"].spread
assert sanity["patches"].chance < sanity["things"].chance

# %% [markdown]
# Things are stable by construction, since all of their coalitions are in the table.
# That has nothing to do with their meaning: five squares would be just as stable. And
# the sanity check says more about the patches: five regions can easily end up in nearly
# the same order by chance, many regions hardly ever.
#
# So far, each side has won something. But this is a single photograph, a person drew
# the things, and the two sides differ in kind *and* in number.
#
# ## 5. Five photographs, equal numbers
#
# `segxai.compare` explains the most probable class on each photograph, with the same
# fill and the same budget for each segmenter. We ask each of them for six regions; SLIC
# treats that as a suggestion, so look at the number of regions before you compare. The
# grid knows nothing about the photograph. It is the baseline.

# %%
large = [segxai.data.photograph(name) for name in segxai.data.names()[:3]]
large += [skimage.data.rocket(), skimage.data.stereo_motorcycle()[0]]
photos = [np.asarray(Image.fromarray(p).convert("RGB").reduce(2)) for p in large]
small = [Image.fromarray(p).resize((160, 120)) for p in photos]
plots.plot_image(np.hstack(small), "The five photographs")

# %% [markdown]
# Four metrics will do. `loo_r2` is R² on held-out coalitions (“leave one out”), and
# `compactness` is the area of the strongest regions, where less is better. (It has
# nothing to do with SLIC's setting of the same name.) A bar shows how far the work has
# got.

# %%
wanted = ("insertion", "deletion", "loo_r2", "compactness")
found = segxai.compare(
    photos, ("deep", "slic", "grid"), wanted, match_regions=6, max_evaluations=64
)
found

# %% [markdown]
# The upper table gives means with wide intervals, because *photographs* differ. But
# that is not our question. The lower table takes differences photograph by photograph,
# and its intervals come from the **bootstrap**: draw five of the five differences with
# replacement, take their mean, and repeat this many times. The middle 95% of the means
# are the interval. Where it contains zero, the verdict is "open".
#
# ### Exercise 2: a claim that holds (open)
#
# Make one true claim about this comparison, as three strings in brackets: a segmenter
# ("slic" or "grid"), a metric, spelled as in `wanted` above, and the verdict on this
# segmenter compared with "deep": "better", "worse" or "open". The form is
# `("segmenter", "metric", "verdict")`.

# %% tags=["exercise"]
my_claim = ()

# %% tags=["check"]
rows = found.differences("deep")
rows = [d for d in rows if d["verdict"]]  # cost and number have no verdict
verdicts = {(d["segmenter"], d["metric"]): d["verdict"] for d in rows}
my_claim = tuple(my_claim or ())
if len(my_claim) != 3:
    print("Not yet: three words are needed: segmenter, metric, verdict.")
elif my_claim[:2] not in verdicts:
    print(f"Not yet: the table has no row {my_claim[:2]}.")
elif verdicts[my_claim[:2]] == my_claim[2]:
    print(f"Correct: {my_claim[0]} against deep in {my_claim[1]}: {my_claim[2]}.")
elif verdicts[my_claim[:2]] == "open":
    print("Not yet: the mean may differ, but the interval contains zero.")
else:
    print("Not yet: the interval excludes zero. Mind the direction of the metric.")

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# d = found.differences("deep")[0]
# my_claim = (d["segmenter"], d["metric"], d["verdict"])
# ```
#
# Any row of the table will do.
#
# </details>

# %% [markdown]
# How many of the comparisons are decided at all?

# %%
open_rows = sum(verdict == "open" for verdict in verdicts.values())
Markdown(
    f"Of {len(verdicts)} comparisons, {open_rows} are open: five photographs decide "
    "very little. A decided one would deserve suspicion, too. With 95% intervals, one "
    "true tie in twenty passes for a difference, and with only five values, the "
    "bootstrap makes its intervals too narrow."
)

# %% tags=["hidden"]
assert len(verdicts) == 8 and open_rows >= 5

# %% [markdown]
# ## 6. How to fool a metric
#
# LIME's default fill paints a hidden region in its mean colour. If regions are small,
# this gives a mosaic in which one can still see what was "hidden". Give the patches
# *random* weights and insert them in that meaningless order.

# %%
Quiz(
    "With which fill will random weights look better in insertion?",
    {
        "mean colour": "The mosaic of mean colours already shows the cup.",
        "blur": "A strong blur leaves little of the cup.",
        "the fill makes no difference": "Look at what a hidden patch still shows.",
    },
    answer="mean colour",
    rationale="The metric then rewards small regions, whatever their weights.",
)

# %%
random_weights = np.random.default_rng(0).normal(size=patches.weights.shape)
jumbled = replace(patches, weights=random_weights)
nonsense = {f: metrics.insertion(jumbled, f).area for f in ("mean", "blur")}
for fill, area in nonsense.items():
    print(f"random weights, fill {fill}: {area:.2f}")
print(f"the explanation, fill blur: {area_of['insertion', 'patches']:.2f}")

# %% tags=["hidden"]
assert nonsense["mean"] > nonsense["blur"] + 0.1
assert area_of["insertion", "patches"] > nonsense["blur"] + 0.2

# %% [markdown]
# With the mean colour, nonsense does far better than with the blur. The blurred
# photograph is the same for every segmenter. It is not neutral either, but it does not
# change with the regions, so it is the fairer judge. Other traps are the number of
# regions (always report it) and settings tuned on the photographs that are then used
# for the report.
#
# **Where this fails:** all these numbers come from photographs with painted holes. None
# of them measures whether a *person* understands the explanation or decides better with
# it; that takes an experiment with people. And "deep" uses features of the classifier's
# own network, which may favour it.
#
# ## The answer
#
# **Are explanations with semantic regions better, not only easier to read?** In some
# respects. With few regions, all coalitions can be evaluated, so that the weights are
# stable and lose less on held-out coalitions. Small patches win deletion, and the
# sanity check says more about many patches than about a few regions. With (nearly)
# equal numbers of regions and five photographs, most comparisons of section 5 stay
# open.
#
# If you find semantic regions easier to read, that is a good reason to prefer them.
# "Measured to be better" needs a sentence that says on which metric, with how many
# regions, and under which fill.
#
# No metric here can say whether an explanation is *right*. To judge that, we must know
# what the right explanation is, for instance because we planted the cause ourselves.
# **Can an explanation catch a classifier that cheats? Go on with 13.**
