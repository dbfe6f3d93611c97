# %% [markdown]
# # Look inside VGG16
#
# **You will do:** build the network VGG16 as a plan, count its weights, measure how far one of its numbers sees, and turn
# its last layers into convolutions.
#
# **You will learn:** what an end point, a stride and a receptive field are; where 138 million weights come from; why a
# classifier can answer for every place of a photograph.
#
# **You need:** notebook 00. You need no graphics card, no network connection and no weights of VGG16.
#
# **Time: 30 minutes.** The computer works for about 20 seconds of it.
#
# **The question:** VGG16 gives one answer for one photograph. What must change so that it answers for every place? And how
# much of the photograph does each answer see? The last section answers both.

# %% [markdown]
# ## 1. Build the plan
#
# A network in TF-slim is first of all a plan, called a **graph**. It says which layer follows which. A plan has shapes, but
# no weights yet, so even a large one costs little memory.
#
# The function `vgg16` takes a batch of photographs, here one of 224 × 224 pixels. It returns the scores and the **end
# points**: places in the network where we may look at what it has computed so far.

# %%
import numpy as np
import segxai
from segxai import plots
from segxai.nets import efficientnet_lite, vgg16
from segxai.nets.graph import GraphSession, tf

plan = GraphSession()
with plan.build():
    scores, ends = vgg16.vgg16(tf.placeholder(tf.float32, (1, 224, 224, 3)))

# %% [markdown]
# Nothing is computed yet. But every end point already knows its height, width and channels. We draw the height as a bar and
# write all three beside it.


# %%
def draw_bars(values, labels, title):
    figure = plots.DescribedFigure(figsize=(7, 0.9 + 0.25 * len(values)), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(list(values), list(values.values()), color=plots.BLUE)
    axes.bar_label(bars, labels, padding=3)
    axes.set(title=title, xlim=(0, 1.3 * max(values.values())))
    axes.invert_yaxis()
    figure.alt = title + ": " + ", ".join(f"{name} {label}" for name, label in zip(values, labels, strict=True))
    return figure


shapes = {name: [int(n) for n in end.shape[1:]] for name, end in (ends | {"scores": scores}).items()}
labels = [" × ".join(map(str, shape)) for shape in shapes.values()]
draw_bars({name: shape[0] for name, shape in shapes.items()}, labels, "End points of VGG16: height × width × channels")

# %% [markdown]
# Read from top to bottom: five stages of convolutions, each followed by a pooling layer. `stride_4` is the last convolution
# at **stride** 4: one step on this map is four pixels on the photograph.
#
# The side halves five times, from 224 to 7, while the channels grow from 64 to 512. So the network gives up *where* and gains
# *what*. Then, at fc6, the side drops from 7 to 1: no place is left.
#
# ## 2. Count the weights
#
# VGG16 has its name from its 16 layers with weights: 13 convolutions and 3 fully connected layers, fc6, fc7 and fc8.
# (Here a weight is a number inside the network, not the weight of a region.) The plan knows the shape of every weight, so
# we can count without loading anything.
#
# **Predict before you run:** how many weights are there: a hundred thousand, ten million, a hundred million? Which layer
# holds the most: the first, one in the middle, or the last?

# %%
weights = {}
for variable in plan.graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES):
    layer = variable.op.name.split("/")[-2]
    weights[layer] = weights.get(layer, 0) + int(np.prod(variable.shape))
print(f"{len(weights)} layers, {sum(weights.values()):,} weights, {4 * sum(weights.values()) / 1e6:.0f} MB")

# %% [markdown]
# 138 million. Where are they?

# %%
millions = {layer: number / 1e6 for layer, number in weights.items()}
assert len(weights) == 16 and sum(weights.values()) == 138_357_544 and round(millions["fc6"], 1) == 102.8
assert 0.73 < weights["fc6"] / sum(weights.values()) < 0.77 and round(4 * millions["fc6"]) == 411
draw_bars(millions, [f"{number:.2f}" for number in millions.values()], "Weights of VGG16, in millions")

# %% [markdown]
# One layer, fc6, holds three quarters of the network. It joins everything with everything: a map of 7 × 7 places with 512
# channels, times 4096 outputs. The 13 convolutions, which do most of the computing, are the short bars.
#
# This matters for small machines. Training with Adam keeps four numbers for each weight: the weight, its gradient, and two
# averages. So people thin out fc6 and fc7. `vgg16` has the options `fc_width` and `fc6_kernel` for that.
#
# ## 3. How far does one number see?
#
# Take one number on a map. Which pixels of the photograph can change it? They form a square, the **receptive field**.
# We can compute its side layer by layer. We keep two numbers: `field`, and the stride so far.
#
# - A kernel of side k reaches k − 1 steps further: `field` grows by (k − 1) × stride.
# - A layer that moves s steps at a time multiplies the stride by s.
#
# By hand: a 3 × 3 convolution gives 3, the next one 5, a 2 × 2 pooling 6. The pooling makes the stride 2. So the next
# 3 × 3 convolution adds 2 × 2 and gives 10. The plan knows all kernels and strides. Let it do the rest.
#
# **Predict before you run:** VGG16 was made for photographs with a side of 224. Will the field of fc6 be smaller or larger?

# %%
field, stride, fields, labels = 1, 1, {}, []
for op in plan.graph.get_operations():
    if op.type in ("Conv2D", "MaxPool"):
        kernel = int(op.inputs[1].shape[0]) if op.type == "Conv2D" else op.get_attr("ksize")[1]
        field += (kernel - 1) * stride
        stride *= op.get_attr("strides")[1]
        fields[op.name.split("/")[-2]] = field
        labels.append(f"{field}, stride {stride}")
plan.close()
draw_bars(fields, labels, "Side of the receptive field in pixels, and stride")

# %% [markdown]
# The field grows slowly at first and fast at the end, because each step is a longer way on the photograph. At fc6 it is
# larger than 224. There it covers the whole photograph, and the zeros around it.
#
# How large is that on a real photograph? We cut this one to whole multiples of 32 pixels, the last stride.

# %%
from matplotlib.patches import Rectangle

photo = segxai.data.photograph("coffee")[:384, :576]
layers = ("pool3", "pool4", "pool5", "fc6")
figure = plots.plot_image(photo, "Receptive fields: " + ", ".join(f"{layer} {fields[layer]}" for layer in layers))
for side in (fields[layer] for layer in layers):
    for colour, width in ((plots.INK, 3.5), ("white", 1.5)):
        corner = (300 - side / 2, 192 - side / 2)
        figure.axes[0].add_patch(Rectangle(corner, side, side, fill=False, color=colour, lw=width, clip_on=False))
figure.axes[0].set_ylim(400, -16)
figure.alt += ", as squares on the photograph of a cup. The largest is higher than the photograph."
figure

# %% [markdown]
# A number of pool3 sees a patch of coffee and rim. A number of pool5 sees the handle, the spoon and half the cup. A number of
# fc6 sees more than the photograph is high.
#
# ## 4. Measure it
#
# The rule of section 3 is a claim. We test it on a network that runs. Random weights will do, as the field depends on
# kernels and strides only. (fc6 and fc7 are thin here, with 64 channels, to save memory.)
#
# The **gradient** of a number says how much each pixel can change it. Where it is zero, the pixel is not seen. We take
# pool3, pool4 and pool5, the place in the middle, and a picture of noise with 352 pixels: 44 places on pool3, 22, and 11.

# %%
with GraphSession(seed=0) as network:
    with network.build():
        images = tf.placeholder(tf.float32, (1, 352, 352, 3))
        _, ends = vgg16.vgg16(images, None, fc_width=64)
        middles = {"pool3": 22, "pool4": 11, "pool5": 5}
        gradients = {name: tf.gradients(ends[name][:, place, place], images)[0] for name, place in middles.items()}
        network.run(tf.global_variables_initializer())
    noise = np.random.default_rng(0).normal(0, 50, (1, 352, 352, 3))
    found = network.run(gradients, {images: noise})
reach = {name: np.abs(gradient[0]).sum(axis=-1) for name, gradient in found.items()}
squares = {name: found[np.ix_(found.any(axis=1), found.any(axis=0))] for name, found in reach.items()}

# %% [markdown]
# `reach` says how much each pixel counts, over all channels and colours. `squares` holds the part that is not zero. First the
# test: is its side the one that we computed? Then a question that the rule does not answer: how much of the sum lies in the
# middle quarter of the square?
#
# **Predict before you run:** if all pixels counted the same, the middle quarter would hold 25%. Will it be more, or less?

# %%
for name, square in squares.items():
    quarter = slice(len(square) // 4, -(len(square) // 4))
    share = square[quarter, quarter].sum() / square.sum()
    assert square.shape == (fields[name], fields[name]) and share > 0.6
    print(f"{name} computed {fields[name]}, measured {square.shape}, middle quarter {share:.0%}")

# %% [markdown]
# The rule holds to the pixel. But the pixels do not count the same: the middle quarter holds far more than 25%.
#
# The function below draws maps with one colour scale, from dark blue to yellow. We shall use it again. Here one unit is a
# factor of ten: yellow is the pixel that counts most, and dark blue counts a millionth of it. White is not seen at all.


# %%
def draw_maps(maps, columns, alt, numbers="", **options):
    rows, (height, width) = len(maps) // columns, next(iter(maps.values())).shape[:2]
    size = np.array([10, rows * (10 / columns * height / width + 0.3)]) * (0.7 if columns == 1 else 1)
    figure = plots.DescribedFigure(figsize=size, layout="constrained")
    for axes, (title, values) in zip(figure.subplots(rows, columns, squeeze=False).flat, maps.items(), strict=True):
        drawn = axes.imshow(values, cmap="cividis", **options)
        axes.set(title=title, xticks=[], yticks=[])
        for (row, column), value in np.ndenumerate(values) if numbers and values.ndim == 2 else ():
            colour = "white" if drawn.norm(value) < 0.5 else "black"
            axes.text(column, row, format(value, numbers), ha="center", va="center", fontsize=8, color=colour)
    figure.alt = f"{alt}: " + ", ".join(maps)
    return figure


powers = {f"{n}, field {fields[n]}": np.log10(np.where(r > 0, r, np.nan) / r.max()) for n, r in reach.items()}
assert np.nanmin(powers["pool5, field 212"]) < -6
draw_maps(powers, 3, "Bright in the middle, dark at the border of the field, white outside", vmin=-6, vmax=0)

# %% [markdown]
# The middle counts most, and the corners of pool5 a million times less.
# So "sees 212 pixels" is a limit. It does not say what matters. (This network has random weights. Training changes the
# picture, but not the limit.)
#
# ## 5. A matrix is a convolution
#
# Until pool5, VGG16 is made of convolutions and poolings, which take a photograph of any size. fc6 does not: its matrix has
# one row for each number of a 7 × 7 map. Let us look at a small fc6, with 8 channels in and 16 out.
#
# A convolution with a 7 × 7 kernel also takes each number of a 7 × 7 map times a weight. So we write the same weights in
# another shape, without changing any. (`VALID` means: only where the whole kernel fits on the map.)

# %%
random = np.random.default_rng(0)
small, matrix = random.normal(size=(7, 7, 8)), random.normal(size=(7 * 7 * 8, 16))
by_convolution = tf.nn.conv2d(small[None], matrix.reshape(7, 7, 8, 16), strides=1, padding="VALID").numpy()[0]
print("matrix:", (small.ravel() @ matrix).shape, " convolution:", by_convolution.shape)
assert np.allclose(small.ravel() @ matrix, by_convolution[0, 0])

# %% [markdown]
# The same 16 numbers, at one place. The `assert` line checked that they are equal.
#
# The matrix cannot take a larger map. The convolution can.
#
# **Predict before you run:** how many places does a map of 10 × 10 give? And what does each of them contain?

# %%
large = random.normal(size=(10, 10, 8))
scores = tf.nn.conv2d(large[None], matrix.reshape(7, 7, 8, 16), strides=1, padding="VALID").numpy()[0]
for row, column in np.ndindex(4, 4):
    assert np.allclose(scores[row, column], large[row : row + 7, column : column + 7].ravel() @ matrix)
print("a map", large.shape, "gives", scores.shape)

# %% [markdown]
# 4 × 4 places: the window fits in 4 positions each way. Each place holds exactly what the old matrix gives for its window.
# Nothing was trained again. fc7 and fc8 become convolutions in the same way, with 1 × 1 kernels.
#
# ## 6. VALID or SAME
#
# Our `vgg16` is built like this, so it takes larger photographs, too. A plan knows its shapes without running. Let us ask
# the plans for several sizes. `SAME` means: fc6 surrounds the map with zeros, so that the map keeps its size.


# %%
def planned_side(side, padding):
    with GraphSession() as network, network.build():
        images = tf.placeholder(tf.float32, (1, side, side, 3))
        return int(vgg16.vgg16(images, 2, fc_width=8, fc_conv_padding=padding)[0].shape[1])


print({side: {padding: planned_side(side, padding) for padding in ("VALID", "SAME")} for side in (224, 256, 320)})

# %% [markdown]
# With 224 pixels and VALID there is one score per class: the classifier that everybody knows. A larger photograph gives a
# map.
#
# ### Your turn: find the rule
#
# Write a function that takes the side of the photograph and the padding, and gives the side of the score map. Two hints:
# each of the five poolings halves the side and rounds up; VALID loses a border, SAME does not. The stub knows one answer only.


# %% tags=["exercise"]
def map_side(side, padding):
    return 1


# %% tags=["check"]
trials = [(side, padding) for side in (224, 320, 225, 500) for padding in ("VALID", "SAME")]
answers = [(*trial, map_side(*trial), planned_side(*trial)) for trial in trials]
wrong = [answer for answer in answers if answer[2] != answer[3]]
advice = "Not yet: {} pixels with {} give {}, but the network has a map of side {}. Does each halving round up?"
print(advice.format(*wrong[0]) if wrong else "Correct: divide by 32, round up, and with VALID take 6 away.")

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# def map_side(side, padding):
#     places = -(-side // 32)  # divides and rounds up
#     return places - 6 if padding == "VALID" else places
# ```
#
# </details>

# %% [markdown]
# For segmentation we want an answer everywhere, so we take SAME. It has a price: at the border, a part of the 7 × 7 window
# lies on the zeros outside. A map of ones and a kernel of ones simply count the places inside. We do that for the 12 × 18
# places of our photograph.

# %%
counts = tf.nn.conv2d(np.ones((1, 12, 18, 1)), np.ones((7, 7, 1, 1)), strides=1, padding="SAME").numpy()[0, ..., 0]
assert counts.min() == 16 and counts.max() == 49
title = "Part of fc6's window that lies inside, with SAME"
draw_maps({title: counts / 49}, 1, "100% in the middle, 33% in the corners", ".0%", vmin=0, vmax=1)

# %% [markdown]
# In a corner, two thirds of what fc6 sees is made up. Expect the worst answers there.
#
# There is one more limit. A place of the score map is not exactly what the classifier says about a cut-out of 224 pixels.
# fc6 alone is exact, as section 5 showed. But the 3 × 3 convolutions before it see zeros around a cut-out, and real pixels
# around the same place on a larger photograph.
#
# ## 7. Look at the maps
#
# Random weights make nothing of a photograph; trained weights do. If VGG16's weights are in the cache, we use them. If not,
# EfficientNet-Lite0 takes its place. It is smaller, but has maps at the same strides. Its weights come with `segxai`.

# %%
from segxai.weights import assign_weights, downloads, efficientnet_lite as lite_weights, vgg16 as vgg_weights

file = downloads.cached("vgg16-conv") or downloads.cached("vgg16")
print("VGG16" if file else "EfficientNet-Lite0 (for VGG16: python -m segxai fetch vgg16 --conv-only)")
with GraphSession() as network:
    with network.build():
        images = tf.placeholder(tf.float32, (1, None, None, 3))
        if file:
            _, ends = vgg16.vgg16(vgg16.preprocess(images), None, fc_width=8)
        else:
            _, ends = efficientnet_lite.efficientnet_lite0(efficientnet_lite.preprocess(images), None)
        wanted = {2**i: ends[f"pool{i}" if file else f"stride_{2**i}"] for i in range(1, 6)}
        used = [variable for variable in tf.global_variables() if "/fc" not in variable.op.name]
    assign_weights(network, vgg_weights.vgg16_weights(file) if file else lite_weights.efficientnet_lite0_weights(), used)
    maps = network.run(wanted, {images: photo[None]})

# %% [markdown]
# `maps` holds one map for each stride from 2 to 32. Each has many channels. Which ones to show? The photograph comes with an
# annotation; we take the thing "coffee". For each channel we compute the correlation with it, pixel by pixel: 0 is no
# relation, 1 is a perfect one. Then we keep the best channel of each map.
#
# **Predict before you run:** at which stride is there a channel that fits "coffee" best: 2, 4, 8, 16 or 32?


# %%
def correlations(found, stride):
    height, width, _ = found.shape
    share = coffee.reshape(height, stride, width, stride).mean(axis=(1, 3))  # of coffee in each place
    covariance = np.tensordot(share - share.mean(), found, 2) / share.size
    return covariance / (found.std(axis=(0, 1)) * coffee.std() + 1e-9)


coffee = segxai.data.load("coffee").annotation.mask("coffee")[:384, :576]
fits = {stride: correlations(found[0], stride) for stride, found in maps.items()}
best = {stride: np.abs(fit).argmax() for stride, fit in fits.items()}
fit_of = {stride: fits[stride][channel] for stride, channel in best.items()}
print({stride: f"{abs(fit):.2f}, the best of {len(fits[stride])}" for stride, fit in fit_of.items()})

# %% [markdown]
# Look at them. Each map has its own colour scale, as channels have no common unit. Where a channel is low on the coffee, we
# turn its sign. So yellow is always the side of the coffee.

# %%
best_maps = {s: found[0, ..., best[s]] * np.sign(fit_of[s]) for s, found in maps.items()}
drawings = {f"stride {s}, channel {best[s]}: {abs(fit_of[s]):.2f}": drawn for s, drawn in best_maps.items()}
assert file or (abs(fit_of[32]) > 0.6 and max(abs(fit_of[s]) for s in (2, 4, 8, 16)) < 0.4)
draw_maps({"annotation: coffee": coffee} | drawings, 3, "The annotation and the best channel at each stride")

# %% [markdown]
# The early maps are sharp. They show bright, dark and edges. In EfficientNet-Lite0, no early channel means coffee. Its last map
# is coarse: one place is 32 pixels wide. But one of its channels has found the coffee, although nobody asked for such a
# channel. (The last map also has the most channels to choose from. That helps it a little.)
#
# ## 8. A score for every place
#
# Now the trick of section 5 with trained weights. EfficientNet-Lite0 ends like this: take the **mean** over all places, then
# multiply by a matrix. Both are sums, so their order does not matter. Multiply at each place first, which is a 1 × 1
# convolution, and you have a map of scores for each of 1000 classes. The mean of a map is the classifier's score.
#
# **Predict before you run:** the first class is "espresso". Where on the photograph will its scores be large?

# %%
with GraphSession() as network:
    with network.build():
        images = tf.placeholder(tf.float32, (1, None, None, 3))
        logits, ends = efficientnet_lite.efficientnet_lite0(efficientnet_lite.preprocess(images))
    weights = lite_weights.efficientnet_lite0_weights()
    assign_weights(network, weights)
    logits, head = network.run([logits, ends["head"]], {images: photo[None]})
matrix, bias = (weights[f"efficientnet_lite0/logits/{kind}"] for kind in ("weights", "biases"))
scores = head[0] @ matrix + bias
assert np.allclose(scores.mean(axis=(0, 1)), logits[0], atol=1e-4)
espresso = segxai.load_classifier("efficientnet_lite0").index("espresso")
assert espresso == logits.argmax() and best_maps[32].shape == scores.shape[:2] == (12, 18)
on_cup = {"photograph": photo, "scores for “espresso”": scores[..., espresso].round() + 0.0}
draw_maps(on_cup, 2, "The scores are large on the cup and small on the table", ".0f")

# %% [markdown]
# ## The answer
#
# In the last picture the scores are large in and around the cup, and small on the table. The classifier was never told where
# things are. Its last map holds that all the same, in a coarse way.
#
# **What must change so that VGG16 answers for every place?** Nothing but the shape of three matrices. fc6 becomes a 7 × 7
# convolution, fc7 and fc8 become 1 × 1 convolutions. The weights stay as they are. With 224 pixels there is one score per
# class, with more pixels there is a map.
#
# **How much does each answer see?** A square of 404 pixels at most, and neighbouring answers are 32 pixels apart. The middle
# of the square counts far more than its border.
#
# **Where this fails:** the map is coarse. A photograph of 384 × 576 pixels gets 12 × 18 answers, and nothing in them says
# where within 32 pixels the rim of the cup runs. With SAME padding, the answers near the border rest on zeros in part. And
# fc6 alone is 411 MB, and four times that to train it with Adam: too much for a small machine.
#
# How does a map of 12 × 18 answers become as large as the photograph? **Go on with notebook 03.**
