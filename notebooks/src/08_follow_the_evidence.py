# %% [markdown]
# # Follow the evidence
#
# **You will do:** explain a photograph with forty-eight regions at the price of a few
# hundred evaluations, and add the values of the parts up to those of things.
#
# **You will learn:** Owen values; how a budget is spent where the evidence is; how to
# read one explanation at several levels; which part of it was measured and which was
# only split by area.
#
# **You need:** notebooks 06 and 07. You need no graphics card and no network
# connection.
#
# **Time: 25 minutes.** The computer works for about 40 seconds of it.
#
# **The question:** must we choose between a few regions with exact values and many
# regions with fine borders? The last section answers it.

# %% [markdown]
# ## 1. Forty-eight regions are too many
#
# With four regions we evaluated all sixteen coalitions. The region tree has forty-eight
# leaves.

# %%
import numpy as np
import segxai
from IPython.display import Markdown
from segxai import plots
from segxai.widgets import Quiz

photo = segxai.data.photograph("astronaut")
leaves = segxai.segment(photo, "deep").cut(48)
plots.plot_regions(photo, leaves.cut(6), leaves)

# %% [markdown]
# On the left are things, on the right their parts. Both are cuts of one tree.

# %%
Quiz(
    "At 100 evaluations a second, how long would all coalitions of 48 regions take?",
    {
        "about a day": "A day is enough for some 2^23 coalitions.",
        "about a year": "A year is enough for some 2^31 coalitions.",
        "about 90,000 years": "2^48 is 2.8 × 10^14; a year has 3.2 × 10^7 seconds.",
    },
    answer="about 90,000 years",
    rationale="2^48 / 100 seconds = 2.8 × 10^12 seconds.",
)

# %% tags=["hidden"]
assert 88_000 < 2**48 / 100 / (365.25 * 86400) < 92_000

# %% [markdown]
# ## 2. Owen values: the parts of a thing share its value
#
# Guillermo Owen (1977) asked how the members of a union, who come and go together,
# should share what the union earns; Winter (1989) extended the answer to unions within
# unions. On a binary tree it is this. A node $n$ with halves $l$ and $r$ is switched on
# in a context $m$ (the regions that are already shown). What it adds,
# $f(m\cup n)-f(m)$, is divided between the halves:
#
# $$\phi_l=\tfrac12\bigl[f(m\cup l)-f(m)\bigr]+
# \tfrac12\bigl[f(m\cup n)-f(m\cup r)\bigr]$$
#
# The half $l$ is switched on once before $r$ and once after it, and $\phi_l$ is the
# mean of what it adds; $\phi_r$ is the same with $l$ and $r$ swapped, so that
# $\phi_l+\phi_r=f(m\cup n)-f(m)$. Each half can be divided in turn, in both of its
# contexts. [SHAP's partition
# explainer](https://shap.readthedocs.io/en/latest/generated/shap.PartitionExplainer.html)
# follows the same recursion. The Shapley values behind both are those of notebook 07
# ([Lundberg and Lee 2017](https://arxiv.org/abs/1705.07874)).
#
# We begin with the whole photograph and its two largest parts.

# %%
target = "football helmet"
classifier = segxai.load_classifier("efficientnet_lite0")
two = segxai.explain(photo, leaves.cut(2), classifier, target, method="shapley")
nothing, left, right, whole = (
    two.coalitions.value_of(np.array(shown, bool))
    for shown in ([0, 0], [1, 0], [0, 1], [1, 1])
)
print(f"nothing {nothing:.4f}, {two.regions.names[0]} {left:.4f},")
print(f"{two.regions.names[1]} {right:.4f}, whole {whole:.4f}")

# %% [markdown]
# One division in one context needs only these four evaluations, and two of them are
# already known.
#
# ## 3. Your turn: divide once
#
# Compute $\phi_l$, the value of the half that `left` shows, from `nothing`, `left`,
# `right` and `whole`.

# %% tags=["exercise"]
value_of_left = 0.0

# %% tags=["check"]
given = np.nan if value_of_left is None else float(value_of_left)
first, last = left - nothing, whole - right
if abs(given - (first + last) / 2) < 1e-5:
    print(
        f"Correct: {given:+.4f}, and the other half gets "
        f"{whole - nothing - given:+.4f}."
    )
elif abs(given - first) < 1e-5:
    print(
        "Not yet: that is what it adds when it comes first. Average with what it "
        "adds last."
    )
elif abs(given - last) < 1e-5:
    print(
        "Not yet: that is what it adds when it comes last. Average with what it "
        "adds first."
    )
elif abs(given - first - last) < 1e-5:
    print("Not yet: the formula has two factors of one half.")
else:
    print(
        "Not yet: the context is empty here, so f(m) is `nothing` and f(m with "
        "n) is `whole`."
    )

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# value_of_left = ((left - nothing) + (whole - right)) / 2
# ```
#
# </details>

# %% [markdown]
# ## 4. Spend the budget where the evidence is
#
# Dividing every node in every context is again too much. But where a node changes
# almost nothing, there is seldom much to divide. So the method divides next where the
# effect is largest, then again where it is largest, and so on.
#
# That alone has a weakness: a node is valued only in the few contexts in which it was
# divided. So only an eighth of the budget is spent on divisions. The rest is drawn: a
# part of it are contexts of leaves, as the formula above asks for them, and some are
# coalitions drawn by a coin, as in LIME. The others put the values found so far to the
# test: each shows the leaves that seem to matter most, or everything except them.
#
# From what was evaluated, a
# [Gaussian process](https://en.wikipedia.org/wiki/Gaussian_process) estimates all
# other coalitions, and so the Owen values of all nodes. How much these change if some
# evaluations are left out shows how far they may err: every value has a 95% interval.

# %%
Quiz(
    "512 evaluations are spent. Where will the tree have been divided most finely?",
    {
        "where the regions are largest": "Size alone earns no division. A large "
        "wall may add nothing.",
        "where the probability changes most": "The largest effect is divided next.",
        "evenly": "Even spending would divide the wall as finely as the helmet.",
    },
    answer="where the probability changes most",
    rationale="Look at the heat map: the small, coloured regions lie where the "
    "evidence is.",
)

# %%
explanation = segxai.explain(
    photo, leaves, classifier, target, method="tree", max_evaluations=512
)
explanation.plot()

# %% [markdown]
# From left to right: a few regions, their values, the value per area of all leaves, and
# bars with their intervals. (A number after a name only means that other parts of the
# tree have the same noun and place.) The third panel is new. It shows where within a
# thing the evidence lies. The helmet is blue all over; the wall is blue in one part and
# orange in another.
#
# ## 5. One explanation, several levels
#
# `coarsen(n)` gives the explanation of the `n` coarser regions. Nothing new is
# evaluated, because their weights are sums.

# %%
levels = [explanation.coarsen(n) for n in (3, 6, 12, 48)]
rise = explanation.coalitions.full - explanation.coalitions.empty
for e in levels:
    print(f"{len(e.regions):2} regions: the weights add up to {e.weights.sum():+.4f}")
print(
    f"whole minus nothing:            {rise:+.4f}, with "
    f"{explanation.evaluations} evaluations"
)

# %% tags=["hidden"]
assert all(np.isclose(e.weights.sum(), rise, atol=1e-4) for e in levels)
assert explanation.evaluations <= 512
annotation = segxai.data.load("astronaut").annotation
things = ("hair", "face", "helmet")
at = {t: segxai.plots.widest_place(annotation.mask(t)) for t in things}
finest = {t: explanation.weights[explanation.regions.labels[p]] for t, p in at.items()}
assert finest["helmet"] > rise / 2
head, hair = levels[0].interval[levels[0].regions.index("head")], finest["hair"]
assert head[0] > 0 and abs(finest["face"]) < hair / 2
assert all("helmet" in e.regions.names for e in levels[1:3])
assert explanation.coalitions.empty > nothing

# %% [markdown]
# The sum is the same at every level, and it is the rise from nothing to the whole
# photograph. ("Nothing" is more here than in section 2: forty-eight leaves, each in its
# own mean colour, are still a coarse mosaic of the photograph.) So a picture for a busy
# reader (three regions) and one for a careful reader (forty-eight) always agree: the
# coarse numbers are sums of the fine ones.

# %%
plots.plot_explanations(levels[:3], ["3 regions", "6 regions", "12 regions"])

# %% [markdown]
# The head is a region in the first row, and it supports the class. The second row shows
# that the hair does, and that the face adds nothing: the value of a thing need not be
# that of its parts. The third row goes too far down: look at the grey lines, the
# intervals. The parts of the suit cannot be told from zero. More evaluations would tell
# them apart, so read a tree only as deep as its intervals allow.
#
# ## 6. In words
#
# `in_words` names the strongest regions and follows each of them down as long as a
# single part keeps most of its value.

# %%
Markdown("\n".join(f"- {sentence}" for sentence in explanation.in_words(search=False)))

# %% [markdown]
# The last sentence accounts for the budget: some evaluations went into divisions, the
# others into sampled coalitions. The result is an estimate, not a measurement; the
# number after ± is half of its interval. What does a smaller budget change?

# %%
Quiz(
    "With 64 evaluations instead of 512, what happens to the sum of all weights?",
    {
        "It becomes smaller": "Both ends of the sum, whole and nothing, are evaluated "
        "with any budget.",
        "It stays the same": "It is whole minus nothing, and both are evaluated first.",
        "It is only an estimate": "The single weights are. Their sum is measured.",
    },
    answer="It stays the same",
    rationale="A small budget costs detail, not the total.",
)

# %%
small = segxai.explain(
    photo, leaves, classifier, target, method="tree", max_evaluations=64
)
margins = {}
for e in (small, explanation):
    six = e.coarsen(6)
    low, high = six.interval[six.regions.index("helmet")]
    margins[e.evaluations] = (high - low) / 2
    print(
        f"{e.evaluations:3} evaluations: helmet {(low + high) / 2:+.3f} ± "
        f"{(high - low) / 2:.3f}, sum {e.weights.sum():+.4f}"
    )

# %% tags=["hidden"]
assert margins[512] < margins[64] / 2

# %% [markdown]
# ## 7. Your turn: the smallest place with half of the evidence
#
# Order the leaves by weight **per area**, the densest first, and take them in this
# order until their weights add up to at least half of `rise`. What share of the
# photograph's area, from 0 to 1, have you taken? Useful arrays: `explanation.weights`,
# `explanation.regions.areas`.

# %% tags=["exercise"]
share_of_area = 1.0

# %% tags=["check"]
weights, areas = explanation.weights, explanation.regions.areas


def share(order):
    return areas[order][: 1 + np.argmax(np.cumsum(weights[order]) >= rise / 2)].sum()


right_share = share(np.argsort(-weights / areas))
by_weight = share(np.argsort(-weights))
given = np.nan if share_of_area is None else float(share_of_area)
if abs(given - right_share) < 1e-4:
    print(f"Correct: {given:.1%} of the area holds half of the rise.")
elif abs(given - by_weight) < 1e-4:
    print("Not yet: that is the order by weight. A large region is not dense.")
else:
    print(
        "Not yet: sort by weight / area, add up weights until they reach half of "
        "the rise, and add up the areas of the same leaves."
    )

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# order = np.argsort(-explanation.weights / explanation.regions.areas)
# enough = 1 + np.argmax(np.cumsum(explanation.weights[order]) >= rise / 2)
# share_of_area = explanation.regions.areas[order][:enough].sum()
# ```
#
# </details>

# %% [markdown]
# An open exercise: explain “bobsleigh” in the same way. Is the evidence for it in one
# place or in several, as 07 suggests?
#
# ## The answer
#
# **Must we choose between few exact regions and many fine ones?** No. One tree holds
# both: the values of the parts add up to those of the things at every level, and the
# divisions go where the evidence is.
#
# Where this fails: the tree decides what is divided together. A part that works only
# with a part of *another* thing is valued only in the contexts that the tree offers,
# and another tree would give other numbers. Parts that cancel may never be divided,
# since their node seems to do nothing. Within a budget only the total is exact: the
# values of things are estimates, too, unless every node was divided in every context.
# And a very small leaf can have a large weight per area by chance; there is one on the
# shuttle's tank. Its interval contains zero, but the heat map does not show that.
#
# The next question: who says that these are the right regions? **09** goes back to
# where this project began, and fits a network to regions that a person drew.
