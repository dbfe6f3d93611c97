# %% [markdown]
# # Segment with twenty classes
#
# **You will do:** look at a photograph through a segmenter that knows twenty kinds of
# things, explain a prediction with its regions, and choose better classes yourself.
#
# **You will learn:** what semantic segmentation is, and why an explanation cannot name
# what its segmenter has no class for.
#
# **You need:** notebook 00. You need no graphics card and no network connection.
#
# **Time: 20 minutes.** The computer works for about 20 seconds of it.
#
# **The question:** networks that find people, bottles and screens in a photograph can
# be downloaded. Why not simply use one of them to draw the regions? The last section
# answers it.

# %% [markdown]
# ## 1. A segmenter that knows objects
#
# Superpixels group similar colours. A **semantic segmenter** gives every pixel a class
# instead. DeepLabv3 ([Chen and others 2017](https://arxiv.org/abs/1706.05587)) computes
# a probability $p_{ijc}$ for each pixel $(i, j)$ and each class $c$, and takes the
# most probable one:
#
# $$\hat c_{ij}=\arg\max_{c}\;p_{ijc}$$
#
# The version used here was trained on the twenty classes of [PASCAL
# VOC](http://host.robots.ox.ac.uk/pascal/VOC/) and "background". `python -m segxai
# fetch deeplab` downloads it once (2 MB). If that has not been done, this notebook uses
# a stand-in: the network `semantic`, which comes with the package and knows 50 classes.
# Whatever it labels as a person, a part of a person or clothes is merged into PASCAL's
# "person", and everything else into "background".
#
# Either network makes mistakes. So we compare it with regions that a person drew,
# merged into the same classes: this is what a segmenter would give if it made no
# mistakes at all.

# %%
import numpy as np
import segxai
from IPython.display import Markdown
from segxai import plots
from segxai.segmentation.deeplab import PASCAL_CLASSES, why_unavailable
from segxai.widgets import Quiz

sample = segxai.data.load("astronaut")
photo, drawn = sample.image, sample.annotation
person = ["suit", "collar", "patches", "face", "hair"]
others = [name for name in drawn.names if name not in person]
perfect = drawn.merge({"person": person}).merge({"background": others})
if why_unavailable():
    source, found = "the stand-in", segxai.segment(photo, "semantic")
    worn = ("person", "face", "hair", "head", "clothes", "bag", "hat", "shoes")
    human = [name for name in found.names if name in worn]
    rest = [name for name in found.names if name not in worn]
    found = found.merge({"person": human, "background": rest})
else:
    source, found = "DeepLab", segxai.segment(photo, "pascal")
titles = [f"found by {source}", "without any mistake"]
plots.plot_regions(photo, found, perfect, titles=titles)

# %% [markdown]
# How much of the photograph does each class cover?

# %%
shares = zip(found.names, found.areas, strict=True)
areas = ", ".join(f"{name} {area:.0%}" for name, area in shares)
Markdown(f"Areas found by {source}: {areas}.")

# %% [markdown]
# The person is found, and the name is a noun, not a place. Still, compare the two
# borders: segmenters make mistakes, too. (DeepLab, where it was fetched, takes part of
# the space shuttle for a bottle.) In a street scene or a living room, it finds exactly
# the things that one would talk about. Here are PASCAL's classes.

# %%
Markdown(", ".join(PASCAL_CLASSES))

# %%
Quiz(
    "To which class does the right panel assign the helmet on the table?",
    {
        "person": "The helmet is not on her head: it lies on a table.",
        "background": "Whatever is none of the twenty classes is background.",
        "motorbike": "A helmet may remind you of one, but it is not one.",
    },
    answer="background",
    rationale="There is no class “helmet”, so even a perfect segmenter must call "
    "it background, together with the flag, the shuttle and the wall.",
)

# %% [markdown]
# ## 2. Where does the helmet go?
#
# For each thing in the hand-drawn annotation, count which class most of its pixels
# received.


# %%
def class_of(thing, regions):
    inside = regions.labels[drawn.mask(thing)]
    k = np.bincount(inside, minlength=len(regions)).argmax()
    return regions.names[k], np.mean(inside == k)


for thing in drawn.names:
    name, share = class_of(thing, found)
    print(f"{thing:11} {share:4.0%} {name}")

# %% tags=["hidden"]
assert class_of("suit", found)[0] == class_of("face", found)[0] == "person"
assert class_of("helmet", found)[0] == class_of("flag", found)[0] == "background"

# %% [markdown]
# Suit and face have become one region, and helmet, flag and shuttle have become
# another. Our question is whether the classifier uses the suit, the helmet, the face or
# a combination. With these regions, we cannot even ask it.
#
# ### Exercise 1: how well does the background fit the helmet?
#
# Most helmet pixels lie in "background", yet the two hardly match. A fair measure is
# the **IoU** (intersection over union): the pixels in both, divided by the pixels in
# either. Compute it for the masks in the next cell. The last line there computes
# something else.

# %% tags=["exercise"]
helmet, background = drawn.mask("helmet"), perfect.mask("background")
fit = (helmet & background).sum() / helmet.sum()

# %% tags=["check"]
a, b = drawn.mask("helmet"), perfect.mask("background")
iou, covered = (a & b).sum() / (a | b).sum(), (a & b).sum() / a.sum()
if fit is None or np.size(fit) != 1:
    print("Not yet: one number is needed. Count pixels with .sum().")
elif np.isclose(fit, iou):
    print(f"Correct: {iou:.2f}. The region is far too large for the helmet.")
elif np.isclose(fit, covered):
    print(
        "Not yet: that is the share of the helmet that is covered. The whole "
        "photograph would get 1, too. Divide by the union."
    )
elif np.isclose(fit, (a & b).sum() / (a.sum() + b.sum())):
    print("Not yet: the sum counts the pixels in both twice. Divide by the union.")
else:
    print(f"Not yet: {float(fit):.2f} is not the IoU. The union of masks is a | b.")

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# helmet, background = drawn.mask("helmet"), perfect.mask("background")
# fit = (helmet & background).sum() / (helmet | background).sum()
# ```
#
# </details>

# %% [markdown]
# ## 3. Explain with these regions
#
# Let us use these regions anyway, and explain "football helmet", the runner-up of
# notebook 00.

# %%
Quiz(
    "Which region will support “football helmet” most?",
    {
        "person": "A player would be a person. But compare the bars below.",
        "background": "It contains the helmet.",
        "both equally": "They share the photograph, but not what a helmet looks like.",
    },
    answer="background",
    rationale="The classifier uses the helmet, and the helmet is in the background.",
)

# %%
classifier, target = segxai.load_classifier("efficientnet_lite0"), "football helmet"
coarse = segxai.explain(photo, found, classifier, target, method="shapley")
fine = segxai.explain(photo, drawn, classifier, target, method="shapley")
plots.plot_explanations([coarse, fine], [f"regions of {source}", "drawn by hand"])

# %% tags=["hidden"]
assert coarse.regions.names[coarse.weights.argmax()] == "background"
assert fine.regions.names[fine.weights.argmax()] == "helmet" and coarse.coalitions.exact
assert why_unavailable() or "bottle" in found.names
assert {"person", "background"} <= set(found.names) and source in titles[0]

# %% [markdown]
# Put the strongest bars of the two rows into words.

# %%
weights = dict(zip(coarse.regions.names, coarse.weights, strict=True))
Markdown(
    f"The upper row reads **background {weights['background']:+.3f}**, "
    f"person {weights['person']:+.3f}; the lower one, with regions that a person drew, "
    f"**helmet {fine.weights[fine.regions.index('helmet')]:+.3f}**."
)

# %% [markdown]
# Nothing in the upper row is computed wrongly. All coalitions were evaluated, and the
# Shapley values (notebook 07 explains them) are exact. Still, "it is a football helmet
# because of the background" is nonsense to a reader, and worse than a superpixel named
# after its place: the noun sounds like a finding, but the segmenter merely had no
# better one.
#
# ## 4. More classes?

# %%
Quiz(
    "Would a segmenter with a thousand classes solve the problem for good?",
    {
        "Yes, if “helmet” is one of them": "That solves it for this photograph. What "
        "does the next one show?",
        "Yes, if it makes no mistakes": "The right panel above makes none.",
        "No": "Any list fixed beforehand lacks something, and things have parts.",
    },
    answer="No",
    rationale="The cause may be a part (the visor), or something nobody put on a list "
    "(a stamp in a corner). Classes also say nothing about how finely to divide.",
)

# %% [markdown]
# ### Exercise 2: your own classes (open)
#
# Which classes would let us answer the question? Sort the things in the annotation into
# **at most five** classes of your own. The stub does what PASCAL would do.

# %% tags=["exercise"]
my_classes = {
    "person": ["suit", "collar", "patches", "face", "hair"],
    "background": ["helmet", "flag", "shuttle", "background"],
}

# %% tags=["check"]
given = my_classes or {}
where = {thing: name for name, group in given.items() for thing in group}
left_out = [thing for thing in drawn.names if thing not in where]
pairs = [("face", "helmet"), ("face", "suit"), ("helmet", "suit")]
merged = [(a, b) for a, b in pairs if where.get(a) == where.get(b)]
if left_out:
    print(f"Not yet: {', '.join(left_out)} must belong to a class, too.")
elif set(where) - set(drawn.names):
    print(f"Not yet: the things are {', '.join(drawn.names)}.")
elif len(given) > 5:
    print(f"Not yet: {len(given)} classes, at most five are allowed.")
elif merged:
    a, b = merged[0]
    same = f"{a} and {b} are both “{where[a]}”"
    print(f"Not yet: {same}, so they cannot be told apart.")
else:
    print(f"Correct: {len(given)} classes, and the three things are kept apart.")

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# my_classes = {
#     "suit": ["suit", "collar", "patches"],
#     "head": ["face", "hair"],
#     "helmet": ["helmet"],
#     "rest": ["flag", "shuttle", "background"],
# }
# ```
#
# Other groups are just as good, as long as suit, helmet and face are in different ones.
#
# </details>

# %% [markdown]
# Now explain with your own classes. Until you have solved the exercise, this repeats
# the nonsense of section 3. (R² may even be negative: Shapley values add up to the
# right sum, but they are not the best fit to all coalitions.)

# %%
mine = drawn
for name, group in my_classes.items():
    mine = mine.merge({f"{name} (mine)": group})
segxai.explain(photo, mine, classifier, target, method="shapley").plot()

# %% [markdown]
# **Where this fails:** we chose a photograph that the twenty classes do not fit. In a
# photograph of a cat on a sofa they do, and then such a segmenter is a good choice. Its
# mistakes, at borders and with small things, add to the problems that this notebook
# shows.
#
# ## The answer
#
# **Why not simply use a pretrained semantic segmenter?** Because its classes are fixed
# before anybody knows the question. The helmet belongs to none of the twenty, so it
# vanishes into "background", and the background is then reported as the cause. Suit and
# face merge into one person. A better network would not help: even a segmentation
# without any mistakes fails in the same way.
#
# We need regions that follow *things*, whether or not there is a class for them, and
# names that come afterwards. Things are separated by contours, and a network that was
# trained on photographs has already learned to see those. **What does such a network
# see, layer by layer? Go on with 03.**
