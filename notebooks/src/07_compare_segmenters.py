# %% [markdown]
# # Compare segmenters
#
# **You will do:** put two explanations of one photograph side by side, change one thing at a time with sliders and menus,
# and keep a record of what changes and what stays.
#
# **You will learn:** which parts of an explanation come from the segmenter, the number of regions, the fill and the
# method; why a high R² does not make one segmenter better than another.
#
# **You need:** notebooks 00 and 01; 06 helps. You need no graphics card and no network connection.
#
# **Time: 30 minutes.** The computer works for about 100 seconds of it.
#
# **The question:** two segmenters explain one photograph, and the explanations differ. Which statements may you
# believe? The last section answers it.

# %% [markdown]
# ## 1. Two segmenters, one photograph
#
# The **explorer** shows one photograph twice. Left: the segmenter `"features"`. Right: superpixels of SLIC. It asks the
# classifier about every coalition of both, 768 questions in all. We allow at most 512 for one explanation, which is enough
# for nine regions. A bar shows the progress.

# %%
import numpy as np
import segxai
from segxai import plots
from segxai.widgets import ExplanationExplorer

sample = segxai.data.load("astronaut")
photo, target = sample.image, "football helmet"
classifier = segxai.load_classifier("efficientnet_lite0")
classifier.batch_size = 16  # smaller batches need less memory
explorer = ExplanationExplorer(photo, classifier, start=("features", "slic"), target=target, max_evaluations=512)
opening = explorer.explanations
assert sum(e.coalitions.evaluations for e in opening) == 768
explorer

# %% [markdown]
# **Point** at a region: below the picture you read its name, weight and share of the photograph, and a ring marks the same
# place in the other picture. **Click** it, and it is switched off: the last line says what is left of the probability.
# "Show all regions" brings everything back. Without a mouse: reach the picture with the Tab key, move with the arrow keys,
# and press Enter.
#
# **Predict before you go on:** both pictures have a blue region at the bottom right. Is there a second thing on which the
# two explanations agree? Point at the suit, the face and the flag.
#
# Here is the same pair as a figure that stays as it is.

# %%
plots.plot_explanations(opening)

# %% [markdown]
# The names and borders differ, so the bars cannot be compared line by line. But pixels can. The annotation of notebook 01
# gives us six places: one pixel in the middle of the helmet, the suit, and so on. At each of them we ask both
# explanations: in which region does this pixel lie, and what is its weight?
#
# In `seen` we keep the weights at the six places for the end.

# %%
things = ("helmet", "suit", "face", "collar", "shuttle", "flag")
places = {thing: plots.widest_place(sample.annotation.mask(thing)) for thing in things}
seen = {}


def region_at(thing, explanation):
    k = explanation.regions.labels[places[thing]]
    return explanation.regions.names[k], explanation.weights[k]


def record(*labelled):
    seen.update({label: [region_at(thing, e)[1] for thing in things] for label, e in labelled})
    for thing in things:
        told = (f"{label}: {weight:+.3f} {name:23}" for label, e in labelled for name, weight in [region_at(thing, e)])
        print(f"{thing:8}", *told)


# %% [markdown]
# Now the six places in both explanations.

# %%
record(*zip(("features", "slic"), opening, strict=True))
agree = [t for t, a, b in zip(things, seen["features"], seen["slic"], strict=True) if a * b > 0 and min(abs(a), abs(b)) > 0.01]
print("the same sign in both, and more than 0.01 in size:", agree)
assert agree == ["helmet"] and all(seen["features"][k] * seen["slic"][k] < 0 for k in (1, 2, 4))
assert region_at("face", opening[1]) == region_at("collar", opening[1]) == region_at("flag", opening[1])

# %% [markdown]
# Only the helmet. For the suit, the face and the shuttle the two even have opposite signs. Look where SLIC puts the face:
# face, collar and flag lie in one patch, "black, top left". It has *one* weight for three different things.
#
# So the first rule is: **a weight speaks of its whole region.** Before you read a weight, look at the border.
#
# ## 2. How many regions?
#
# The controls can also be set from code, and this is what we do from now on, so that you and we look at the same thing.
# All copies of the explorer in this notebook are one and the same: run a cell again to return to its setting. (A right
# click on it offers "Create New View for Output". Then it stays in sight while you scroll.)
#
# `"features"` builds a tree: its four regions are unions of its nine. Left we ask for 4, right for its own choice, which is 9
# here ("auto", in code 0).
#
# **Predict before you run:** with 4 regions there will be one region with flag, wall and head, and its weight is close to
# zero. When it is divided, will its parts also be close to zero?

# %%
shared = {"method": "lime", "kernel_width": 0.25, "target": target, "compare": True}
nine, four = {"segmenter": "features", "n_regions": 0}, {"segmenter": "features", "n_regions": 4}
slic = {"segmenter": "slic", "n_segments": 14, "compactness": 10.0}


def arrange(left, right, fill="mean"):
    explorer.set(**shared, fill=fill)
    explorer.panes[0].set(**left)
    explorer.panes[1].set(**right)
    explorer.wait()
    return explorer.explanations


arrange(four, nine)
explorer

# %% [markdown]
# Move the left slider "regions" from 3 up to 9 and watch the borders: one region at a time is divided, nothing else
# moves. (Each new number asks the classifier again, which takes a few seconds. From 10 on the 512 questions are only a
# sample; then the last line is an estimate and says so.)
#
# The next cell goes back to 4 and 9. For each of the four regions it lists the parts.

# %%
coarse, fine = arrange(four, nine)
parent = [coarse.regions.labels[fine.regions.labels == k][0] for k in range(len(fine.regions))]
for k, name in enumerate(coarse.regions.names):
    parts = [f"{fine.regions.names[j]} {fine.weights[j]:+.3f}" for j in range(len(parent)) if parent[j] == k]
    print(f"{name} {coarse.weights[k]:+.3f}  =  {', '.join(parts)}")
seen["features, 4 regions"] = [region_at(thing, coarse)[1] for thing in things]
assert (
    abs(seen["features, 4 regions"][2]) < 0.01
    and seen["features"][2] > 0.015
    and seen["features"][5] < -0.01
    and coarse.r2 > fine.r2
)
plots.plot_explanations([coarse, fine])

# %% [markdown]
# No. The flag speaks against "football helmet", the head speaks for it, the wall does nothing. In one region they cancel.
# **A weight near zero may hide two strong parts.**
#
# R² is *higher* with 4 regions. That does not mean that 4 regions explain more. There are only 16 coalitions
# to describe, and a sum has an easy task. R² says whether you may read these weights as a sum. It does not say
# whether these regions are the right ones.
#
# ## 3. Your turn: superpixels that find the helmet
#
# Back to superpixels. SLIC has two sliders. `n_segments` you know. **Compactness** says how much place counts against
# colour: high values give squares, low values let the patches follow the colours.
#
# We measure with the IoU of notebook 01: of all patches take the one that fits the helmet best. 1 is a perfect fit.


# %%
def iou(thing, regions, annotation=sample.annotation):
    truth = annotation.mask(thing)
    return max(np.sum(truth & found) / np.sum(truth | found) for found in map(regions.mask, regions.names))


print("IoU with the helmet:", ", ".join(f"{e.regions.method} {iou('helmet', e.regions):.2f}" for e in arrange(nine, slic)))
explorer

# %% [markdown]
# SLIC takes the black table with the helmet. Find a setting in which one patch has an IoU of **at least 0.75** with the
# helmet, with at most nine regions, so that the table stays complete. Move the two sliders of the right pane and then run
# only the check; or change the numbers below.

# %% tags=["exercise"]
explorer.panes[1].set(segmenter="slic", n_segments=14, compactness=10.0)

# %% tags=["check"]
explorer.wait()
pane = explorer.panes[1]
tuned = pane.explanation
found, many = iou("helmet", tuned.regions), len(tuned.regions)
if pane.form.values["segmenter"] != "slic":
    print(f"Not yet: the right pane shows {pane.form.values['segmenter']!r}. Choose slic there.")
elif many > 9:
    print(f"Not yet: these are {many} regions. Fewer segments or a lower compactness give fewer.")
elif found < 0.75:
    print(f"Not yet: the IoU with the helmet is {found:.2f}. Let the patches follow the colours more.")
else:
    print(f"Correct: IoU {found:.2f}, weight {region_at('helmet', tuned)[1]:+.3f}. The face: {iou('face', tuned.regions):.2f}.")

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# explorer.panes[1].set(segmenter="slic", n_segments=14, compactness=1.0)
# explorer.wait()
# ```
#
# </details>

# %% [markdown]
# With a low compactness, a patch follows the border between helmet and table. But two things should worry you. The same
# setting does not find the face: what is good for one thing is not good for all. And you *knew* where the helmet
# is. Whoever turns the sliders until the explanation looks right has made the explanation, not found it. `"features"` fits
# the helmet with its default setting.
#
# ## 4. What does "switched off" show?
#
# So far a switched-off region showed its mean colour. Now it shows the photograph, strongly blurred. In the explorer that is
# the menu "switched off shows". We keep the explanations from before.
#
# **Predict before you run:** helmet, suit, head: whose weight changes its sign in the left picture?

# %%
before = arrange(nine, slic, fill="mean")
low = segxai.segment(photo, "slic", n_segments=14, compactness=1.0)  # of section 3
assert iou("helmet", low) > 0.75 and iou("face", low) < 0.2 and iou("helmet", fine.regions) > 0.85
arrange(nine, slic, fill="blur")
explorer

# %% [markdown]
# In the left picture set the menu "show" to "photograph" and switch the head off. Do it with the fill "mean", too. Then
# choose "weights" again. The next cell compares the weights before and after.

# %%
after = arrange(nine, slic, fill="blur")
record(("features", before[0]), ("features, blur", after[0]))
record(("slic", before[1]), ("slic, blur", after[1]))
assert np.allclose([seen["features"][1:4], seen["features, blur"][1:4]], [[0.03, 0.026, 0], [0, -0.012, 0.022]], atol=0.007)
plots.plot_explanations([before[0], after[0]], ["features, off = mean colour", "features, off = blurred"])

# %% [markdown]
# The helmet stays, in both segmentations. The **head** changes its sign: with the mean colour it speaks for "football
# helmet", with the blur against it. The suit, second with the mean colour, is next to nothing with the blur. The collar
# is next to nothing with the mean colour, and with the blur it speaks for "football helmet".
#
# The two fills ask different questions. The mean colour turns a head into a flat shape with the same outline. The blur
# leaves a soft head. Neither is "no head". **Believe a sign only if it survives another fill.** In notebook 06 the head
# kept its sign. There the borders were others, and the collar was part of the suit. Even "survives" holds only for given
# regions.
#
# ## 5. Which coalitions count?
#
# Back to the mean colour, and look at the collar. In the left picture it is called "black, centre".
#
# **Predict before you run:** its weight is almost zero. If only the collar is switched off, will the probability stay
# where it is?

# %%
canvas, (deep, _) = explorer.panes[0].canvas, arrange(nine, slic)
collar = deep.regions.index(region_at("collar", deep)[0])
canvas.off = [collar]
print(f"weight {deep.weights[collar]:+.3f}; whole photograph {deep.coalitions.full:.3f}, without the collar {canvas.answer:.3f}")
explorer

# %% [markdown]
# It rises by about half! And yet the weight is right, too. It is an average over many coalitions, and in most of them
# many regions are off. The **kernel width** decides which coalitions count: a narrow kernel counts hardly more than
# the pictures with one or two regions off, a wide kernel counts all coalitions alike.
#
# Move the slider "kernel width" slowly to the left and to the right, and watch the bars. Then choose "shapley" as
# the method. All of this is read from the table, and the classifier is not asked.
#
# **Predict before you run:** at the left end of the slider, which sign will the collar have?

# %%
widths, asked = np.geomspace(0.05, 5, 25), deep.coalitions
drops = [asked.full - asked.value_of(shown) for shown in ~np.eye(len(deep.regions), dtype=bool)]
fits = np.array([deep.refit(kernel_width=w).weights for w in widths])
shapley, figure = deep.refit("shapley").weights, plots.DescribedFigure(figsize=(8, 4.2), layout="constrained")
axes = figure.subplots()
for thing, mark, colour in zip(things, "o^sv", (plots.BLUE, "#5b5b5b", "#3b9bd6", plots.ORANGE), strict=False):
    k = deep.regions.index(region_at(thing, deep)[0])
    axes.plot([0.03, *widths[::6], 9], [drops[k], *fits[::6, k], shapley[k]], mark, c=colour, label=thing)
    axes.plot(widths, fits[:, k], c=colour)
    figure.alt += f"{thing}: {drops[k]:+.3f} when only it is off, {fits[0, k]:+.3f} narrow, {fits[-1, k]:+.3f} wide. "
axes.set(xscale="log", title="weights over kernel widths, segmenter “features”", xlabel="kernel width", ylabel="weight")
axes.set_xticks([0.03, *widths[::6], 9], ["one\noff", *(f"{w:.2g}" for w in widths[::6]), "Shapley"])
axes.minorticks_off()
axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
figure

# %% [markdown]
# On the left are plain facts: what is lost when *only* this region is off. For the collar that is negative. A narrow kernel
# comes close to them. From a width of about 0.5 on nothing changes any more: there LIME counts all coalitions alike, and
# that is the **Banzhaf value**. Shapley values are a third rule; they add up to the whole.
#
# So the collar's weight has no wrong value. Near the photograph it speaks against "football helmet", far from it hardly
# at all. **Say which coalitions you mean, or look up the plain fact.** The helmet is first everywhere. Compare the
# collar in the table below: -0.040 with a narrow kernel, -0.009 with Shapley values.

# %%
record(("features, narrow", deep.refit(kernel_width=0.05)), ("features, Shapley", deep.refit("shapley")))
assert 1.3 < (asked.full - drops[collar]) / asked.full < 1.8
assert np.abs(fits[-1] - deep.refit("banzhaf").weights).max() < 0.002 and np.abs(fits[12] - fits[-1]).max() < 0.01
assert abs(deep.weights[collar]) < 0.01 and np.allclose([fits[0, collar], shapley[collar]], [-0.040, -0.009], atol=0.002)
assert drops[collar] < -0.03 and {np.argmax(w) for w in (drops, *fits, shapley)} == {deep.regions.labels[places["helmet"]]}

# %% [markdown]
# ## 6. A photograph where superpixels do better
#
# So far "features" looked better. Is it always? Here is a cup of coffee. The classifier says "espresso". The right
# segmenter is Felzenszwalb's: it joins neighbouring pixels as long as the colours differ little. It has never seen
# a cup.
#
# **Predict before you run:** which of the two will find the coffee, the cup and the saucer better?

# %%
coffee = segxai.data.load("coffee")
cafe = ExplanationExplorer(coffee.image, classifier, start=("features", "felzenszwalb"), max_evaluations=512)
espresso = cafe.explanations
cafe

# %% [markdown]
# Switch off the coffee in each picture, then the upper part of the cup. The next cell measures the IoU with the
# annotation, and the area of the smallest sufficient set: how much of the photograph must be shown to keep half of the
# probability?

# %%
found_by = {}
for e in espresso:
    fitting = [iou(thing, e.regions, coffee.annotation) for thing in coffee.annotation.names]
    area = sum(e.regions.areas[e.regions.index(name)] for name in e.sufficient())
    found_by[e.regions.method] = [*fitting, 1 - area, e.r2]
    told = ", ".join(f"{t} {f:.2f}" for t, f in zip(coffee.annotation.names, fitting, strict=True))
    print(f"{e.regions.method:12} {told} | sufficient: {area:.0%} | R² {e.r2:.2f}")
assert all(more > less for more, less in zip(found_by["felzenszwalb"], found_by["features"], strict=True))
plots.plot_explanations(espresso)

# %% [markdown]
# Felzenszwalb's segmenter fits every one of the five things better. Both explanations tell the same story: the upper part
# of the cup, the coffee, and the red crockery around it. The superpixels say it with less of the photograph.
#
# The reason is on the photograph: each thing has one colour, and its neighbours have another. Then colour is
# enough. On the astronaut one thing has several colours (the suit), and several things have one (helmet and table). There
# is no best segmenter. **There is a best one for a photograph and a question**, and you find it by looking at the
# borders, before you look at the weights.
#
# ## 7. Where this fails
#
# **A perfect R².** The same segmenter on the cat, beside "features" with as many regions.
#
# **Predict before you run:** one of the two reaches R² = 1.00. Is it the better explanation?

# %%
cat = segxai.data.photograph("cat")
cuts = segxai.segment(cat, "felzenszwalb"), segxai.segment(cat, "features", n_regions=5)
pair = [segxai.explain(cat, cut, classifier) for cut in cuts]
assert pair[0].r2 > 0.99 > 0.9 > pair[1].r2 and cuts[0].areas[pair[0].weights.argmax()] > 0.8 and len(cuts[0]) == 5
plots.plot_explanations(pair)

# %% [markdown]
# The upper row says: "the cat is where most of the photograph is". One region covers more than four fifths of it and holds
# nearly the whole weight. That is true, exact, and useless. The lower row has a lower R² and says more: eyes and forehead
# count most. So **never choose a segmenter by R²**.
#
# **Switched off, and still there.** Many people use far more superpixels than we did. We set the right pane of the coffee to
# 60 segments and look at the picture in which *every* region is switched off. (The table is only a sample now, but
# this coalition is always in it.)
#
# **Predict before you run:** what will the classifier say?

# %%
cafe.set(fill="mean", compare=True)
cafe.panes[0].set(segmenter="features", n_regions=0)
cafe.panes[1].set(segmenter="slic", n_segments=60, compactness=10.0)
cafe.wait()
figure = plots.DescribedFigure(figsize=(10, 3.8), layout="constrained")
for axes, e in zip(figure.subplots(1, 2), cafe.explanations, strict=True):
    first, probability = classifier.top(e.coalitions.filled, 1)[0]
    axes.imshow(e.coalitions.filled)
    axes.set_title(f"{e.regions.method}, all {len(e.regions)} regions off: “{first}” {probability:.2f}")
    axes.set_axis_off()
    figure.alt += f"{axes.get_title()}. "
assert first == "espresso" and cafe.explanations[0].coalitions.empty < 0.01 < 0.05 < cafe.explanations[1].coalitions.empty
figure

# %% [markdown]
# With small patches in their mean colours the cup can still be seen, and the first answer is still "espresso". A region that
# is "off" has lost almost nothing, so its weight comes out too small. Small regions need a fill that hides them, such as
# the blur. That one is also the same picture for every segmenter, so the comparison is fairer.
#
# **What we did not vary.** One classifier, three photographs. Both segmenters may also be wrong in the same way: in
# section 1 they agreed on the helmet, but agreement is not a proof. And "features" uses the features of the classifier's own
# network.
#
# ## 8. The answer, computed
#
# All weights at the six places, from seven explanations of the astronaut. Blue marks are from "features", orange ones from SLIC.
#
# **Predict before you run:** how many of the six things keep one sign in all of them?

# %%
table = np.array(list(seen.values()))
figure = plots.DescribedFigure(figsize=(8, 3.8), layout="constrained")
axes = figure.subplots()
for label, weights, mark in zip(seen, table, "osD^v<>", strict=True):
    axes.plot(weights, things, mark, ms=8, alpha=0.75, label=label, c=plots.BLUE if "slic" not in label else plots.ORANGE)
axes.axvline(0, c=plots.INK, lw=0.8)
axes.set(title="weight of the region at each place, by explanation", xlabel="change of P(football helmet)")
axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
axes.invert_yaxis()
figure.alt = "; ".join(f"{t}: {w.min():+.3f} to {w.max():+.3f}" for t, w in zip(things, table.T, strict=True))
print(figure.alt.replace("; ", "\n"))
keep = [t for t, w in zip(things, table.T, strict=True) if w.min() * w.max() > 0]
assert keep == ["helmet"] and table[:, 0].min() > 0.07 and table[:, 1:].max() < table[:, 0].min()
figure

# %% [markdown]
# ## The answer
#
# **Which statements may you believe?** The one that survives all changes. On the astronaut that is the helmet: with two
# segmenters, two numbers of regions, two fills and three ways to read the table its weight is positive, and
# larger than every other one. All other things change their sign at least once, some only just above or below zero, the
# head and the collar clearly. What is said of them is said of our choices, too.
#
# How to compare two explanations:
#
# - Look at the borders first. A weight speaks of its whole region, and a coarse region may hide two that cancel.
# - Change one thing at a time, and compare places, not bars.
# - Do not choose by R², and do not turn the sliders until you like the result.
# - Change the fill. With many small regions, do not use the mean colour.
# - Superpixels are good where colours separate the things. Else let regions come from a network or from a person.
#
# What we did **not** learn: which segmenter is better *on average*. That takes many photographs and a measure, not two
# pictures side by side. **08** has both.
