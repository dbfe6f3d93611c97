# %% [markdown]
# # Look inside VGG16
#
# **You will do:** build the network VGG16 as a plan, count its weights, measure how far
# one of its numbers sees, turn its last layers into convolutions, and look at trained
# filters and at what they find in a photograph.
#
# **You will learn:** what an end point, a stride and a receptive field are; where 138
# million weights come from; why a classifier can answer for every place of a
# photograph.
#
# **You need:** notebook 00. You need no graphics card and no network connection. This
# is optional reading: 05 works without it.
#
# **Time: 30 minutes.** The computer works for about 30 seconds of it.
#
# **The question:** VGG16 gives one answer for one photograph. What must change so that
# it answers for every place? And how much of the photograph does each answer see? The
# last section answers both.

# %% [markdown]
# ## 1. Build the plan
#
# In TF-slim, a library on top of TensorFlow, a network starts as a plan, called a
# **graph**, which says which layer follows which. A plan has shapes but no weights yet,
# so even a large one costs little memory. (`GraphSession`, in the next cell, holds such
# a plan.)
#
# The function `vgg16` takes a batch of photographs, here one of 224 × 224 pixels. It
# returns the scores and the **end points**: points in the network at which we can look
# at what it has computed so far. (The network is configuration D of [Simonyan and
# Zisserman 2015](https://arxiv.org/abs/1409.1556).)
#
# Nothing is computed yet, but every end point already knows its height, width and
# channels. We draw the height as a bar and write all three next to it.

# %%
import numpy as np
import segxai
from segxai import plots
from segxai.nets import contours, vgg16
from segxai.nets.graph import GraphSession, tf
from segxai.widgets import Quiz


def draw_bars(values, labels, title):
    height = 0.9 + 0.25 * len(values)
    figure = plots.DescribedFigure(figsize=(7, height), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(list(values), list(values.values()), color=plots.BLUE)
    axes.bar_label(bars, labels, padding=3)
    axes.set(title=title, xlim=(0, 1.3 * max(values.values())))
    axes.invert_yaxis()
    named = zip(values, labels, strict=True)
    figure.alt = f"{title}: " + ", ".join(f"{name} {label}" for name, label in named)
    return figure


plan = GraphSession()
with plan.build():
    scores, ends = vgg16.vgg16(tf.placeholder(tf.float32, (1, 224, 224, 3)))
ends["scores"] = scores
shapes = {name: [int(n) for n in end.shape[1:]] for name, end in ends.items()}
labels = [" × ".join(map(str, shape)) for shape in shapes.values()]
heights = {name: shape[0] for name, shape in shapes.items()}
draw_bars(heights, labels, "End points of VGG16: height × width × channels")

# %% [markdown]
# Read from top to bottom: five stages of convolutions, each followed by a pooling
# layer. `stride_4` is the last convolution at **stride** 4: one step on this map is
# four pixels in the photograph.
#
# The side halves five times, from 224 to 7, while the number of channels grows from 64
# to 512. So the network gives up *where* and gains *what*. Then, at fc6, the first
# layer after the poolings, the side drops from 7 to 1: nothing is left of *where*.
#
# ## 2. Count the weights
#
# The 16 in VGG16 counts the layers that have weights: 13 convolutions and 3 fully
# connected layers, fc6, fc7 and fc8. (Here a weight is a number inside the network, not
# the weight of a region.) The plan knows the shape of every weight, so we can count
# without loading anything.
#
# **Predict:**

# %%
Quiz(
    "Which layer holds most of VGG16's weights?",
    {
        "conv1_1, the first": "It has 3 × 3 × 3 × 64 weights: the fewest of all.",
        "conv5_3, the last convolution": "Its 2.4 million are many, but not the most.",
        "fc6, the first fully connected": "It joins 7 × 7 × 512 numbers to 4096.",
    },
    answer="fc6, the first fully connected",
    rationale="7 × 7 × 512 × 4096 is 103 million, three quarters of the network.",
)

# %%
weights = {}
for variable in plan.graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES):
    layer = variable.op.name.split("/")[-2]
    weights[layer] = weights.get(layer, 0) + int(np.prod(variable.shape))
total = sum(weights.values())
print(f"{len(weights)} layers, {total:,} weights, {4 * total / 1e6:.0f} MB")
millions = {layer: number / 1e6 for layer, number in weights.items()}
draw_bars(millions, [f"{n:.3g}" for n in millions.values()], "Weights, in millions")

# %% [markdown]
# One layer, fc6, holds three quarters of the network. It joins everything to
# everything: a map of 7 × 7 places with 512 channels, times 4096 outputs. The 13
# convolutions, which do most of the computing, are the short bars.
#
# This matters for small machines. Training with Adam, a common method, keeps four
# numbers for each weight: the weight, its gradient, and two averages. That is why fc6
# and fc7 are often made thinner; `vgg16` has the options `fc_width` and `fc6_kernel`
# for this.
#
# ## 3. How far does one number see?
#
# Take one number on a map. Which pixels of the photograph can change it? They form a
# square, the **receptive field**. We can compute its side layer by layer, keeping track
# of two numbers: `field`, and the stride so far.
#
# With the kernel's side *k* and the step *s* of each layer, the field *r* and the
# stride *j* grow like this:
#
# $$r_l = r_{l-1} + (k_l - 1)\, j_{l-1}, \qquad j_l = s_l\, j_{l-1},
# \qquad r_0 = j_0 = 1.$$
#
# (*l* counts the layers; see [Araujo, Norris and Sim
# 2019](https://distill.pub/2019/computing-receptive-fields/).) By hand: a 3 × 3
# convolution gives 3, the next one 5, a 2 × 2 pooling 6. The pooling makes the stride
# 2. So the next 3 × 3 convolution adds 2 × 2 and gives 10.
#
# **Predict:**

# %%
Quiz(
    "VGG16 was made for a side of 224 pixels. How large is the field of fc6?",
    {
        "smaller than 224": "pool5 alone sees 212; fc6 covers 7 × 7 of its places.",
        "exactly 224": "Nobody made the two numbers match.",
        "larger than 224": "6 more places of 32 pixels are added to 212.",
    },
    answer="larger than 224",
    rationale="212 + 6 × 32 = 404: the convolutions also look at zeros outside.",
)

# %%
field, stride, fields = 1, 1, {}
for op in plan.graph.get_operations():
    if op.type in ("Conv2D", "MaxPool"):
        kernel = op.inputs[1].shape if op.type == "Conv2D" else op.get_attr("ksize")[1:]
        field += (int(kernel[0]) - 1) * stride
        stride *= op.get_attr("strides")[1]
        fields[op.name.split("/")[-2]] = field
draw_bars(fields, fields.values(), "Side of the receptive field in pixels")

# %% [markdown]
# The field grows slowly at first and fast at the end, because one step on a later map
# spans more of the photograph. At fc6 it is larger than 224: it covers the whole
# photograph and zeros around it.
#
# ### Your turn: the field of other layers
#
# Write a function that takes a list of layers, each a pair (side of the kernel, step),
# and returns the side of the receptive field. The stub adds kernels and forgets the
# stride.


# %% tags=["exercise"]
def field_of(layers):
    return 1 + sum(kernel - 1 for kernel, step in layers)


# %% tags=["check"]
block = [(3, 1), (3, 1), (2, 2)]
mine = [field_of(block), field_of(2 * block), field_of([(7, 2), (3, 2), (3, 1)])]
if mine == [6, 16, 19]:
    print("Correct: 6 and 16, as VGG16's pool1 and pool2, and 19.")
elif mine[0] == 6 and mine[1] == 11:
    print("Not yet: after a pooling, each step of a kernel is two pixels wide.")
elif mine[0] == 7:
    print("Not yet: a layer's own step widens only the layers that follow it.")
else:
    print(f"Not yet: {mine}, but 6, 16 and 19 are right. Does the field begin at 1?")

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# def field_of(layers):
#     field, stride = 1, 1
#     for kernel, step in layers:
#         field += (kernel - 1) * stride
#         stride *= step
#     return field
# ```
#
# </details>

# %% [markdown]
# How large is VGG16's field in a real photograph? We crop this one to multiples of 32
# pixels, the last stride.

# %%
from matplotlib.patches import Rectangle

photo = segxai.data.photograph("coffee")[:384, :576]
layers = ("pool3", "pool4", "pool5", "fc6")
named = ", ".join(f"{layer} {fields[layer]}" for layer in layers)
figure = plots.plot_image(photo, f"Receptive fields: {named}")
for side in (fields[layer] for layer in layers):
    for colour, width in ((plots.INK, 3.5), ("white", 1.5)):
        corner = (300 - side / 2, 192 - side / 2)
        line = {"fill": False, "color": colour, "lw": width, "clip_on": False}
        figure.axes[0].add_patch(Rectangle(corner, side, side, **line))
figure.axes[0].set_ylim(400, -16)
figure.alt += ", as squares on a cup. The largest is higher than the photograph."
figure

# %% [markdown]
# A number in pool3 sees a patch of coffee and rim. A number in pool5 sees most of the
# cup and a part of the spoon. A number in fc6 sees a square that is taller than the
# photograph.
#
# ## 4. Measure it
#
# The rule of section 3 is a claim. We test it on a network that runs. Random weights
# will do, as the field depends only on kernels and strides. (fc6 and fc7 are thin here,
# with 64 channels, to save memory.)
#
# The **gradient** of a number says how strongly it reacts to a small change of each
# pixel. Where the gradient is zero, the pixel is not seen. We take the place in the
# middle of pool3, pool4 and pool5, and a picture of noise with a side of 352 pixels, on
# which these maps have sides of 44, 22 and 11 places.

# %%
plan.close()
with GraphSession(seed=0) as network:
    with network.build():
        images = tf.placeholder(tf.float32, (1, 352, 352, 3))
        _, ends = vgg16.vgg16(images, None, fc_width=64)
        middles = {"pool3": 22, "pool4": 11, "pool5": 5}
        gradients = {
            name: tf.gradients(ends[name][:, place, place], images)[0]
            for name, place in middles.items()
        }
        network.run(tf.global_variables_initializer())
    noise = np.random.default_rng(0).normal(0, 50, (1, 352, 352, 3))
    found = network.run(gradients, {images: noise})
reach = {name: np.abs(gradient[0]).sum(axis=-1) for name, gradient in found.items()}
squares = {n: r[np.ix_(r.any(axis=1), r.any(axis=0))] for n, r in reach.items()}

# %% [markdown]
# `reach` says how much each pixel counts, over all channels and colours. `squares`
# holds the part that is not zero. First the test: does its side match the one that we
# computed? Then a question that the rule does not answer: how much of the sum lies in
# the middle quarter of the square?
#
# **Predict:**

# %%
Quiz(
    "If all pixels counted equally, the middle quarter would hold 25% of the sum. "
    "How much does it hold?",
    {
        "less": "How many paths lead from a pixel at the border to the number?",
        "25%": "A pixel in the middle is seen by more of the layers' windows.",
        "more": "Many more paths lead from the middle to the number.",
    },
    answer="more",
    rationale="A corner pixel has one path through the layers, a middle one a million.",
)

# %%
for name, square in squares.items():
    quarter = slice(len(square) // 4, -(len(square) // 4))
    share = square[quarter, quarter].sum() / square.sum()
    assert square.shape == (fields[name], fields[name]) and share > 0.6
    print(f"{name}: computed {fields[name]}, found {len(square)}, middle {share:.0%}")

# %% [markdown]
# The rule holds to the pixel. But the pixels do not all count the same: the middle
# quarter holds far more than 25%.
#
# The function below draws maps with one colour scale, from dark blue to yellow. We
# shall use it again. Here, one unit is a factor of ten: yellow is the pixel that counts
# most, and dark blue is one that counts a millionth as much, or less. White pixels are
# not seen at all.


# %%
def draw_maps(maps, columns, alt, **options):
    rows, (height, width) = len(maps) // columns, next(iter(maps.values())).shape[:2]
    size = (10, rows * (10 / columns * height / width + 0.3))
    figure = plots.DescribedFigure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).flat
    for axes, (title, values) in zip(panels, maps.items(), strict=True):
        axes.imshow(values, **{"cmap": "cividis"} | options)
        axes.set(title=title, xticks=[], yticks=[])
    figure.alt = f"{alt}: " + ", ".join(maps)
    return figure


powers = {}
for name, r in reach.items():
    share = np.where(r > 0, r, np.nan) / r.max()
    powers[f"{name}, field {fields[name]}"] = np.log10(share)
draw_maps(powers, 3, "Bright in the middle, dark at the border", vmin=-6, vmax=0)

# %% tags=["hidden"]
assert len(weights) == 16 and total == 138_357_544
assert 0.7 < weights["fc6"] / total < 0.78
assert (fields["pool5"], fields["fc6"]) == (212, 404)
assert np.nanmin(powers["pool5, field 212"]) < -6

# %% [markdown]
# The middle counts most, and the corners of pool5's field count less than a millionth
# as much. So "sees 212 pixels" is an upper limit and does not say what matters. (This
# network has random weights. Training changes the picture, but not the limit.)
#
# ## 5. A matrix is a convolution
#
# Up to pool5, VGG16 is made of convolutions and poolings, which take a photograph of
# any size. fc6 does not: its matrix has one row for each number of a 7 × 7 map. Let us
# look at a small fc6, with 8 channels in and 16 out.
#
# A convolution with a 7 × 7 kernel also takes each number of a 7 × 7 map times a
# weight. So we put the same weights into another shape, without changing any of them.
# (`VALID` means: only where the whole kernel fits on the map.)
#
# The matrix cannot take a larger map. The convolution can, so we also give it one of
# 10 × 10 places. How many places will come out, and what does each of them contain?

# %%
random = np.random.default_rng(0)
small, matrix = random.normal(size=(7, 7, 8)), random.normal(size=(7 * 7 * 8, 16))
kernel = matrix.reshape(7, 7, 8, 16)
by_convolution = tf.nn.conv2d(small[None], kernel, 1, "VALID").numpy()[0]
print("matrix:", (small.ravel() @ matrix).shape, " convolution:", by_convolution.shape)
assert np.allclose(small.ravel() @ matrix, by_convolution[0, 0])

large = random.normal(size=(10, 10, 8))
scores = tf.nn.conv2d(large[None], kernel, strides=1, padding="VALID").numpy()[0]
for row, column in np.ndindex(4, 4):
    window = large[row : row + 7, column : column + 7]
    assert np.allclose(scores[row, column], window.ravel() @ matrix)
print("a map", large.shape, "gives", scores.shape)

# %% [markdown]
# On the small map both give the same 16 numbers, at one place. On the large one there
# are 4 × 4 places: the window fits in 4 positions each way. Each place holds exactly
# what the old matrix gives for that window.
#
# Nothing was trained again. fc7 and fc8 become convolutions in the same way, with 1 × 1
# kernels ([Long, Shelhamer and Darrell 2015](https://arxiv.org/abs/1411.4038), section
# 3.1).
#
# ## 6. VALID or SAME
#
# Our `vgg16` is built like this, so it takes larger photographs, too. A plan knows its
# shapes without being run, so we look them up for several sizes. `SAME` means: fc6
# surrounds the map with zeros, so that the map keeps its size.


# %%
def planned_side(side, padding):
    with GraphSession() as network, network.build():
        images = tf.placeholder(tf.float32, (1, side, side, 3))
        scores, _ = vgg16.vgg16(images, 2, fc_width=8, fc_conv_padding=padding)
        return int(scores.shape[1])


for side in (224, 256, 320):
    print(side, {padding: planned_side(side, padding) for padding in ("VALID", "SAME")})

# %% [markdown]
# With 224 pixels and VALID there is one score per class: the familiar classifier. A
# larger photograph gives a map.
#
# ### Your turn: find the rule
#
# Write a function that takes the side of the photograph and the padding of fc6, and
# gives the side of the score map. Two hints. In *this* project's graph the five
# poolings are padded, too, so each halves the side and rounds **up**. (The `vgg_16`
# that comes with TF-slim has unpadded poolings, which round down: 225 pixels become 7
# there and 8 here, 500 become 15 and 16. Rounding up leaves no pixel at the border
# without an answer.) And with VALID, but not with SAME, fc6 loses a border. The stub
# knows only one answer.


# %% tags=["exercise"]
def map_side(side, padding):
    return 1


# %% tags=["check"]
paddings = ("VALID", "SAME")
trials = [(side, padding) for side in (224, 320, 225, 500) for padding in paddings]
answers = [(*trial, map_side(*trial), planned_side(*trial)) for trial in trials]
wrong = [answer for answer in answers if answer[2] != answer[3]]
if not wrong:
    print("Correct: divide by 32, round up, and with VALID subtract 6.")
elif all(mine == right - 1 for *_, mine, right in wrong):
    print("Not yet: you round down, as slim's own VGG16 does. Here poolings round up.")
else:
    side, padding, mine, right = wrong[0]
    print(f"Not yet: {side} pixels, {padding}: the map has side {right}, not {mine}.")

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
# For segmentation we want an answer everywhere, so we take SAME. It has a price: at the
# border, a part of the 7 × 7 window lies on the zeros outside. In a corner, only 4 × 4
# of its 49 places are inside, so two thirds of what fc6 sees there are made up.
#
# ## 7. Trained filters
#
# So far the weights were random or missing. Now we load trained ones: the thirteen
# convolutions of the contour network (notebook 05), which is VGG16, trained on ImageNet
# and then on outlines drawn by people. A filter of the first layer is a picture of 3 ×
# 3 pixels in three colours, so we can look at all 64. Each is scaled to its own largest
# weight; grey is zero.

# %%
from segxai.weights import assign_weights
from segxai.weights.published import contours_weights

trained = contours_weights()
filters = trained["vgg_16/conv1/conv1_1/weights"]
tiles = 0.5 + filters / (2 * np.abs(filters).max(axis=(0, 1, 2)))
tiles = np.pad(tiles, [(0, 1), (0, 1), (0, 0), (0, 0)], constant_values=1)
tiles = tiles.reshape(4, 4, 3, 4, 16).transpose(3, 0, 4, 1, 2).reshape(16, 64, 3)
draw_maps({"64 filters of conv1_1": tiles}, 1, "Tiles with edges and colours")

# %% [markdown]
# Some tiles are bright on one side and dark on the other: they respond to edges in that
# direction. Others have two opposite colours, and some respond to one colour anywhere.
# Nobody designed these filters; training found them.
#
# Deeper filters have 64 to 512 input channels and cannot be shown as pictures. So we
# look at their **feature maps** instead: a feature map is the output of one filter at
# every place. For each of the five stages, here is the channel that varies most over
# the photograph.

# %%
with GraphSession() as network:
    with network.build():
        images = tf.placeholder(tf.float32, (1, None, None, 3))
        ends = vgg16.convolutions(images, contours.MEAN_RGB)
        convolutions = tf.global_variables()
    assign_weights(network, trained, convolutions)
    strides = [1, 2, 4, 8, 16]
    maps = network.run({s: ends[f"stride_{s}"] for s in strides}, {images: photo[None]})
drawings = {"photograph": photo}
for s, found in maps.items():
    channel = found[0].std(axis=(0, 1)).argmax()
    drawings[f"stride {s}, channel {channel}"] = found[0, ..., channel]
draw_maps(drawings, 3, "From fine and bright to coarse")

# %% [markdown]
# The first maps are as fine as the photograph and show hardly more than its edges and
# brightness. From stage to stage they get coarser, and what they respond to gets
# larger. (Each map has its own colour scale, as channels have no common unit. And one
# channel out of hundreds is an example, not a summary.)
#
# ### Your turn: a channel for the cup (open)
#
# Does any channel respond to the cup more than to the rest? Choose a stride and a
# channel whose mean response inside the annotated cup is at least three times its mean
# over the whole photograph. There are several such channels. `maps[8][0]` has 48 × 72
# places and 512 channels, and `inside(8)` marks the places on that map that lie in the
# cup.


# %% tags=["exercise"]
def inside(stride):
    cup = segxai.data.load("coffee").annotation.mask("cup")[:384, :576]
    return cup[stride // 2 :: stride, stride // 2 :: stride]


my_stride, my_channel = 8, 0

# %% tags=["check"]
here = maps.get(my_stride)
if here is None:
    print(f"Not yet: the strides are {strides}.")
elif my_channel not in range(here.shape[-1]):
    print(f"Not yet: at stride {my_stride} channels go from 0 to {here.shape[-1] - 1}.")
else:
    found = here[0, ..., my_channel]
    times = found[inside(my_stride)].mean() / max(found.mean(), 1e-9)
    if not found.any():
        print("Not yet: this channel responds to nothing in this photograph.")
    elif times < 3:
        print(f"Not yet: {times:.1f} times the mean. Compute it for all channels.")
    else:
        print(f"Correct: {times:.1f} times the mean, at stride {my_stride}.")

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# found = maps[8][0]
# times = found[inside(8)].mean(axis=0) / np.maximum(found.mean(axis=(0, 1)), 1e-9)
# my_stride, my_channel = 8, int(times.argmax())
# ```
#
# </details>

# %% [markdown]
# ## The answer
#
# **What must change so that VGG16 answers for every place?** Only the shape of three
# matrices. fc6 becomes a 7 × 7 convolution, and fc7 and fc8 become 1 × 1 convolutions.
# The weights stay as they are. With 224 pixels there is one score per class, and with
# more pixels there is a map.
#
# **How much does each answer see?** A square of 404 pixels at most, and neighbouring
# answers are 32 pixels apart. The middle of the square counts far more than its border.
#
# **Where this fails:** the map is coarse. A photograph of 384 × 576 pixels gets 12 × 18
# answers, and nothing in them says where within 32 pixels the rim of the cup runs. With
# SAME padding, the answers near the border rest partly on zeros. And fc6 alone takes
# 411 MB, and four times that when it is trained with Adam: too much for a small
# machine.
#
# How does a map of 12 × 18 answers become as large as the photograph? **Go on with
# notebook 04.**
