# %% [markdown]
# # Grow a region tree
#
# **You will do:** flood a contour map until basins appear, merge the basins into things
# and the things into one tree, cut that tree where you like, and give its regions
# names.
#
# **You will learn:** the watershed; greedy merging and what its cost weighs; why cuts
# of one tree nest; where the names of automatic regions come from and how far to trust
# them.
#
# **You need:** notebook 00; 05 helps. You need no graphics card and no network
# connection.
#
# **Time: 25 minutes.** The computer works for about 30 seconds of it.
#
# **The question:** how does a map of contours become a helmet? The last section answers
# it.

# %% [markdown]
# ## 1. A map of contours is not yet a region
#
# Notebook 05 ended with the strength of the contour at every pixel. An explanation
# needs something else: regions that can be switched on and off. Contours have gaps, so
# we cannot simply fill in the outlines like those in a colouring book.

# %%
import numpy as np
import segxai
from IPython.display import Markdown
from segxai import plots
from segxai.segmentation import merging, tree
from segxai.segmentation.nouns import GROUPS
from segxai.segmentation.views import VIEWS, by_noun, view
from segxai.weights.imagenet import everyday_nouns
from segxai.widgets import Quiz
from skimage.segmentation import mark_boundaries

sample = segxai.data.load("astronaut")
photo = sample.image
strength = segxai.contours(photo)
grey = np.repeat(np.uint8(255 * (1 - strength))[..., None], 3, axis=2)
plots.plot_image(grey, "contour strength: darker is stronger")

# %% [markdown]
# The helmet's outline is dark, but not equally dark all the way round. Any threshold
# that closes it also keeps many lines inside the suit.
#
# ## 2. Flood the map
#
# Think of the map as a landscape in which contours are ridges, and let water rise from
# every hollow. Where the waters of two hollows would meet, build a dam. The dams divide
# the whole photograph into *basins*. (The map is smoothed a little first, and the
# shallowest hollows are left out.) This is the **watershed** (Beucher and Lantuéjoul
# 1979), described in [scikit-image's
# example](https://scikit-image.org/docs/stable/auto_examples/segmentation/plot_watershed.html).

# %%
Quiz(
    "Into how many basins will the water divide this photograph?",
    {
        "about 5": "That would be the number of things. Every faint hollow makes a "
        "basin, though.",
        "more than 100": "Every faint hollow makes a basin, thing or not.",
        "one for each pixel": "A basin starts at a hollow, and most pixels lie on "
        "a slope.",
    },
    answer="more than 100",
    rationale="Faint contours are ridges, too. The next cell counts the basins.",
)

# %%
basins = merging.basins(strength)
number = int(basins.max()) + 1
outlines = mark_boundaries(photo, basins, color=(1, 1, 1))
plots.plot_image(np.uint8(255 * outlines), f"{number} basins")

# %% tags=["hidden"]
assert number > 100

# %% [markdown]
# Hardly any border of a thing is lost, but each thing is in pieces. From now on, we
# only ever have to *remove* borders.
#
# ## 3. Merge the cheapest pair, again and again
#
# Two neighbours become one region, then two others, and so on, until one region is
# left. Which pair comes first? The one that costs the least. Three things make a pair
# cheap.
#
# **A weak border.** Let $\bar c_{ab}$ be the mean contour strength on the common border
# of the neighbours $a$ and $b$. Where it is near zero, nothing separates them.
#
# **Similarity.** A border can be strong within a thing: think of a stripe. So the
# second factor is $d_{ab}^2$, the squared distance between the mean deep features of
# the two. Regions that look alike are cheap to merge, even across a contour.
#
# **Smallness.** A speck with a sharp outline is hardly ever a thing. Let $A_a$ and
# $A_b$ be the shares of the photograph that the two cover. The third factor,
# $A_aA_b/(A_a+A_b)$, is small whenever one of them is small.
#
# The cost is the product of the three:
#
# $$\text{cost}(a,b)=(\varepsilon+\bar c_{ab})^{\gamma}\;d_{ab}^{\,2}\;
# \left(\frac{A_aA_b}{A_a+A_b}\right)^{2s}$$
#
# The constants say how much each factor counts: a larger $\gamma$ makes contours count
# more, a larger $s$ makes size count more, and $\varepsilon$ keeps the cost above zero
# where there is no contour at all. (With $\gamma=0$ and $s=\tfrac12$ it is Ward's
# criterion.) Keeping a record of all merges gives a tree, as in [Arbeláez et al.
# (2011)](https://doi.org/10.1109/TPAMI.2010.161).
#
# The segmenter `contours` ignores similarity: there, $d_{ab}=1$. Here are its
# constants, and one border.

# %%
print("contours:", tree.MERGING["contours"])
border = merging.borders(basins, strength)
(a, b), (length, total) = next(iter(border.items()))
print(
    f"basins {a} and {b} share a border of {length} pixels, with total strength "
    f"{total:.2f}"
)

# %% [markdown]
# In the code ε is called `floor`, γ `contour` and s `size`. (Section 5 explains
# `worth`, section 6 `nouns`.) Notice that a border comes with its length and with its
# *total* strength. The cost needs neither of the two by itself.
#
# ## 4. Your turn: what a border costs
#
# Write the first factor of the cost for one border, with $\varepsilon=0$ and $\gamma=1$
# as in `contours`: the mean contour strength. A long, faint border must not look
# stronger than a short, sharp one.


# %% tags=["exercise"]
def border_strength(length, total):
    return 0.0


# %% tags=["check"]
found = [border_strength(40, 8.0), border_strength(4, 3.2)]
if None in found:
    print("Not yet: the function returns nothing. Does it end with return?")
elif np.allclose(found, (0.2, 0.8)):
    print(
        "Correct: the short, sharp border (0.8) costs more than the long, faint "
        "one (0.2)."
    )
elif np.allclose(found, (8.0, 3.2)):
    print("Not yet: that is the total, by which a long, faint border costs more.")
elif np.allclose(found, (5.0, 1.25)):
    print("Not yet: the fraction is upside down.")
else:
    print(
        "Not yet: divide the total strength by something, so that length does "
        "not count."
    )

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# def border_strength(length, total):
#     return total / length
# ```
#
# </details>

# %% [markdown]
# ## 5. One tree, many segmentations
#
# The package keeps the tree from the point where 48 regions are left; these are its
# leaves. `cut(n)` undoes the costliest merges first, until there are `n` regions.

# %%
Quiz(
    "Can a region of the cut with 4 regions cross the border of one with 12?",
    {
        "Yes, cuts are made separately": "They are cuts of one tree: each region "
        "of 4 is a union of regions of 12.",
        "Only where the contour is weak": "A weak border is removed early, but never "
        "moved.",
        "No, never": "A coarser cut only removes borders; it never draws new ones.",
    },
    answer="No, never",
    rationale="A cut with fewer regions follows from one with more by merges "
    "alone. The cuts nest.",
)

# %%
deep = segxai.segment(photo, "deep")
cuts = [deep.cut(n) for n in (4, 12, 48)]
plots.plot_regions(photo, *cuts)

# %% [markdown]
# Follow the head from right to left: hair and face are two regions, and on the left
# they have been merged. The helmet is whole there and in the middle; on the right its
# white rim and its reflections are separate regions. But on the left the wall has
# swallowed flag, shuttle and table. No single cut suits everything.
#
# Let us test the nesting on all pixels at once: within a region of the finer cut, the
# coarser one has a single label.

# %%
coarse, finer = cuts[0].labels, cuts[1].labels
print([len(np.unique(coarse[finer == k])) for k in range(len(cuts[1]))])

# %% tags=["hidden"]
assert all(len(np.unique(coarse[finer == k])) == 1 for k in range(len(cuts[1])))

# %% [markdown]
# There are only ones. The tree can also be read as a list. Each line is a node, and the
# nodes that it was merged from are indented below it; the cost says how reluctantly
# they were merged.


# %%
def outline(part, depth):
    cost = f"  (cost {part.cost:.3f})" if part.children else ""
    print("  " * depth + part.name + cost)
    for child in part.children if depth < 3 else ():
        outline(child, depth + 1)


outline(deep.tree, 0)

# %% [markdown]
# Costs never rise on the way down. Where they drop sharply, a thing ends and its parts
# begin. `n_regions="auto"` looks for that: `contours` undoes all merges that cost at
# least a fixed amount, `worth`, but keeps to between three and nine regions. `deep`
# also uses nouns (section 7): a thing that has one stays whole, a region that holds two
# is divided, and neighbours with the same noun are merged. The cost of the merges above
# this cut is raised so that they are undone first, which explains the drop from above
# 1.
#
# A cut divides everywhere at once. `expand` divides only one region, here the helmet,
# and leaves the others as they are.

# %%
parts = deep.expand("helmet")
titles = [f"{len(deep)} regions", f"the helmet divided: {len(parts)} regions"]
plots.plot_regions(photo, deep, parts, titles=titles)

# %% [markdown]
# Its parts keep the noun, and their place tells them apart. "Divide into parts" does
# the same in the explorer of notebook 11.
#
# ## 6. With or without the classifier's eyes
#
# `deep` measures $d_{ab}$ with the features of EfficientNet-Lite0, the network that we
# explain later. It also multiplies the cost by $e^{\nu\delta_{ab}}$, where
# $\delta_{ab}$, from 0 to 1, says how different the two are as classes (section 7) and
# $\nu$ is `nouns` in the code. `contours` uses neither: its regions are independent of
# the classifier, though their names are not. How well does each of them find what a
# person drew? IoU, intersection over union, is 1 for a perfect match.

# %%
Quiz(
    "Whose regions are independent of the classifier?",
    {
        "those of deep": "It groups what the classifier's own network finds similar.",
        "those of both": "One of the two sees with the classifier's own network.",
        "those of contours": "It has seen outlines drawn by people, and none of the "
        "classifier's features.",
    },
    answer="those of contours",
    rationale="If deep and contours agree, the answer is not just the classifier's "
    "way of seeing.",
)


# %%
def iou(thing, regions):
    truth = sample.annotation.mask(thing)
    found = [regions.labels == k for k in range(len(regions))]
    return max(np.sum(truth & f) / np.sum(truth | f) for f in found)


by_method = {
    "deep": deep.cut(12),
    "contours": segxai.segment(photo, "contours").cut(12),
}
rows = ["| IoU of the best of 12 regions | deep | contours |", "|---|---|---|"]
for thing in sample.annotation.names:
    both = [f"{iou(thing, regions):.2f}" for regions in by_method.values()]
    rows += [f"| {thing} | {' | '.join(both)} |"]
Markdown("\n".join(rows))

# %% [markdown]
# Both find the helmet. The flag, the shuttle and the patches are found better with
# features: regions that look alike are cheap to merge, even across a contour.
# (`contours` is independent of this classifier, but not of ImageNet, on which its VGG16
# was first trained.) Hair and face are one region for `contours`, so neither can score
# well there; `deep` separates them. Both divide the collar.
#
# ## 7. Names
#
# The network that says what a region is comes with the package. It is an FCN-8s, a
# fully convolutional network with three score heads (notebook 09 fits one, too), and
# was trained on labelled photographs. For each pixel it gives the probabilities of 49
# classes and of "object", which covers everything else. Their mean over a region says
# what the region is. The next cell prints the two most probable classes of each.

# %%
twelve = cuts[1]
masks = [twelve.mask(name) for name in twelve.names]
with segxai.FCN("efficientnet_lite0", weights="semantic", stride=8) as fcn:
    pixels = fcn.predict(photo)
for name, mask in zip(twelve.names, masks, strict=True):
    row = pixels[mask].mean(axis=0)
    best = [f"{fcn.class_names[c]} {row[c]:.2f}" for c in row.argsort()[:-3:-1]]
    print(f"{name:16} {', '.join(best)}")

# %% tags=["hidden"]
assert fcn.num_classes == 50 and fcn.class_names[-1] == "object"
helmet_row = pixels[twelve.mask("helmet")].mean(axis=0)
assert fcn.class_names[helmet_row.argmax()] == "object"

# %% [markdown]
# Hair and face are clear, but the helmet is just an object. The classifier of whole
# photographs knows more nouns. It is evaluated on three *views* of the region: cut out
# on grey, with its surroundings dimmed, and cropped.

# %%
views = [view(photo, mask, *how) for mask in masks for how in VIEWS.values()]
classifier = segxai.load_classifier("efficientnet_lite0")
best = [classifier.top(np.uint8(np.rint(view)), 1)[0] for view in views]
words = [f"{name}, {probability:.2f}" for name, probability in best]
rows = ["| cut out on grey | dimmed | cropped | name | its source |", "|---" * 5 + "|"]
names = zip(twelve.marked_names, twelve.name_evidence, strict=True)
for k, (name, evidence) in enumerate(names):
    rows += [f"| {' | '.join(words[3 * k : 3 * k + 3])} | {name} | {evidence.source} |"]
Markdown("\n".join(rows))

# %% [markdown]
# Read down the first column: a probability can be high although the word is absurd,
# because a piece of cloth on grey is not the kind of photograph that the network knows.
# So a noun is accepted only where the three views agree, and where the network's
# features speak for it more strongly inside the region than outside.
#
# But look at the second row: all three views agree on a hockey puck, and the region is
# still called "person ?". It is the badge on the suit. And in the first row, no single
# class reaches 0.6 in the first two views. The decision rests not on single classes but
# on **sums** over all classes that one noun covers.

# %%
covered = np.flatnonzero(
    everyday_nouns().classes[:, everyday_nouns().names.index("helmet")]
)
print("helmet covers:", ", ".join(classifier.class_names[c] for c in covered))
print("person covers:", ", ".join(GROUPS["person"]))
for region, noun in (("helmet", "helmet"), ("person", "puck")):
    row = pixels[twelve.mask(region)].mean(axis=0)
    person = sum(row[fcn.class_names.index(c)] for c in GROUPS["person"])
    pictures = [view(photo, twelve.mask(region), *how) for how in VIEWS.values()]
    sums = by_noun(pictures)[:, everyday_nouns().names.index(noun)]
    print(
        f"{region:6}: person {person:.2f} by the FCN; {noun} in the views",
        sums.round(2),
    )

# %% [markdown]
# Together, "football helmet" and "crash helmet" make the helmet clear in every view.
# And for the badge, the FCN's probabilities of clothes, bag, glasses and so on add up
# to more than 0.8 for "person". A sum of 0.8 is not overruled, so the badge belongs to
# a person and is not a puck.
#
# The most specific noun that is probable enough wins. Where several regions have the
# same noun, their place is added, as in "wall: left", and a region without a noun is
# named after its place alone, as in "centre". Each noun comes with the probability that
# it is right, measured on other photographs; below 0.9 it is shown as a guess, "clothes
# ?". Some guesses are wrong: the table is a "wall", since no class fits it better. The
# best name is the one that you give: `regions.rename({...})`, as in notebook 00.

# %% tags=["hidden"]
sources = {n: e.source for n, e in zip(twelve.names, twelve.name_evidence, strict=True)}
assert sources["helmet"] == "classifier" and sources["centre"] == "place"
assert sources["hair"] == sources["face"] == "semantic" and segxai.regions.SURE == 0.9
assert {"clothes ?", "person ?"} <= set(twelve.marked_names)
assert "hockey puck" not in twelve.names
pucks = [all(b[0] == "hockey puck" for b in best[i : i + 3]) for i in range(0, 36, 3)]
assert twelve.names[pucks.index(True)] == "person" and "wall: left" in twelve.names
assert person > 0.8 and sums.min() > 0.5 and "centre" in twelve.names
badge = twelve.labels[sample.annotation.mask("patches")]
assert np.mean(badge == twelve.index("person")) > 0.5
table = twelve.labels[300:330, 420:500]
assert twelve.names[np.bincount(table.ravel()).argmax()].startswith("wall")
assert iou("helmet", cuts[1]) > 0.8 and iou("helmet", cuts[0]) > 0.8
assert iou("hair", by_method["contours"]) < 0.6 < iou("hair", by_method["deep"])

# %% [markdown]
# ## 8. Your turn: find the helmet
#
# How few regions can we get by with and still find the helmet? Write the *smallest* `n`
# from 2 to 48 for which the best region of `deep.cut(n)` has an IoU of at least 0.75
# with the helmet.

# %% tags=["exercise"]
smallest = 48

# %% tags=["check"]
good = [n for n in range(2, 49) if iou("helmet", deep.cut(n)) >= 0.75]
if smallest == good[0]:
    print(
        f"Correct: with {smallest} regions the IoU is "
        f"{iou('helmet', deep.cut(smallest)):.2f}."
    )
elif smallest in good:
    print(f"Not yet: {smallest} regions do, but fewer do as well. Try 2, 3 and so on.")
else:
    print("Not yet: no region of that cut is the helmet. Try more regions.")

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# smallest = min(n for n in range(2, 49) if iou("helmet", deep.cut(n)) >= 0.75)
# ```
#
# </details>

# %% [markdown]
# An open exercise: load `segxai.data.photograph("coffee")`, grow its tree, and look for
# something that no cut finds. Is a contour missing, or did a merge come too early?
#
# ## The answer
#
# **How does a map of contours become a helmet?** Water divides the map into far too
# many basins; then the cheapest pair of neighbours is merged, again and again. A pair
# is cheap when the contour between the two is weak, when they look alike, or when one
# of them is small. The merges make one tree, and each number of regions is a cut of it.
#
# **Where this fails:** a greedy merge is never undone. A thing with strong contours
# inside, such as a checked shirt, stays in pieces for a long time, and a thing whose
# outline fades away is swallowed by its neighbour. And the two networks can only give
# names that they have learned: you must name what they have no word for.
#
# The next question is the one with which this course began: which of these regions does
# the classifier use? **Go on with 07.**
