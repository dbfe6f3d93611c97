# %% [markdown]
# # Upsample with a bilinear kernel
#
# **You will do:** make the kernel of bilinear upsampling, stamp it onto a canvas by
# hand, and compare the result with TensorFlow and with scikit-image.
#
# **You will learn:** what a transposed convolution does; why its kernel has exactly
# this size; what happens at the border; what no upsampling can bring back.
#
# **You need:** notebook 03, or at least its end: a network answers on a coarse map,
# with 32 pixels from place to place. This is optional reading. You need no graphics
# card and no network connection.
#
# **Time: 25 minutes.** The computer works for about 10 seconds of it.
#
# **The question:** how does a coarse map become as large as the photograph, and what is
# lost on the way? The last section answers it with numbers.

# %% [markdown]
# ## 1. A coarse map
#
# We take the photograph of notebook 03 and its annotation. From the annotation we make
# a coarse map without errors: for each square of 32 × 32 pixels, the share that belongs
# to the thing. A square that is half cup gives 0.5.

# %%
import numpy as np
import segxai
from segxai import plots
from segxai.widgets import Quiz

annotation = segxai.data.load("coffee").annotation


def coarse(mask, stride):
    return mask.reshape(384 // stride, stride, 576 // stride, stride).mean(axis=(1, 3))


def draw_maps(maps, columns, alt, numbers="", width=10, **options):
    rows, (height, breadth) = len(maps) // columns, next(iter(maps.values())).shape
    size = (width, rows * (width / columns * height / breadth + 0.3))
    figure = plots.DescribedFigure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).flat
    for axes, (title, values) in zip(panels, maps.items(), strict=True):
        drawn = axes.imshow(values, **{"cmap": "cividis"} | options)
        axes.set(title=title, xticks=[], yticks=[])
        written = np.ndenumerate(values) if numbers and values.size < 100 else ()
        centred = {"ha": "center", "va": "center", "fontsize": 8}
        for (row, column), value in written:
            colour = "white" if drawn.norm(value) < 0.5 else "black"
            axes.text(column, row, format(value, numbers), color=colour, **centred)
    figure.alt = f"{alt}: " + ", ".join(maps)
    return figure


cup = annotation.mask("cup")[:384, :576]
maps = {"the cup, 384 × 576": cup, "coarse, 12 × 18": coarse(cup, 32)}
draw_maps(maps, 2, "The cup without its coffee, sharp and in squares")

# %% [markdown]
# On the left is what we want, on the right what we have. (The coffee is annotated
# separately, so the cup has a hole.) For each square, 32 × 32 pixels must be filled in.
#
# ## 2. The kernel
#
# The simplest way is to repeat each value, which gives squares. **Bilinear** upsampling
# is better: it runs in a straight line from each value to the next, along rows and
# along columns. In a network this is done by stamping: a small picture, the **kernel**,
# is multiplied by each value, and all these stamps are added up.
#
# **Predict:**

# %%
Quiz(
    "The factor is 2: each value becomes 2 × 2 pixels. What is the kernel's side?",
    {
        "2": "Then the stamps would only touch: no value would reach its neighbour.",
        "3": "An odd kernel has a centre pixel, but with factor 2 no pixel is central.",
        "4": "Each stamp reaches half a step into its neighbours' pixels.",
    },
    answer="4",
    rationale="The side is 2 × factor − factor mod 2: for an even factor, twice it.",
)

# %%
kernels = {f: segxai.upsample_filt(segxai.get_kernel_size(f)) for f in (2, 3, 4)}
drawings = {f"factor {f}: {len(k)} × {len(k)}": k for f, k in kernels.items()}
alt = "Bilinear kernels, highest in the middle and falling to all sides"
draw_maps(drawings, 3, alt, ".2f", vmin=0, vmax=1)

# %% [markdown]
# The kernel is larger than the factor, because each stamp must reach over to its
# neighbours. An even factor gives a side of 2 × factor, an odd one gives one less. Each
# kernel is a small hill that falls in straight lines along its rows and columns. With
# factor 3 the top is 1. With factors 2 and 4 no pixel is at the top: the centre lies
# between four pixels.
#
# The formula behind it, for a pixel at distance *(u, v)* from the value, with the
# factor *f*:
#
# $$k(u, v) = \left(1 - \frac{|u|}{f}\right)\left(1 - \frac{|v|}{f}\right)
# \quad\text{for } |u|, |v| < f,$$
#
# and 0 further away
# ([Long, Shelhamer and Darrell 2015](https://arxiv.org/abs/1411.4038), section 3.3).
# The next cell draws one row of it. The weight is 1 at the value itself and 0 at the
# neighbouring values, which lie *f* pixels away.

# %%
figure = plots.DescribedFigure(figsize=(9, 2.8), layout="constrained")
for axes, factor in zip(figure.subplots(1, 2, sharey=True), (3, 4), strict=True):
    size = segxai.get_kernel_size(factor)
    pixels = np.arange(size) - (size - 1) / 2
    weights = 1 - np.abs(pixels) / factor
    axes.plot([-factor, 0, factor], [0, 1, 0], color=plots.ORANGE)
    axes.plot(pixels, weights, "o", color=plots.BLUE)
    for pixel, weight in zip(pixels, weights, strict=True):
        place = pixel + np.sign(pixel) / 3, weight + 0.06
        axes.text(*place, f"{weight:.3g}", ha="center", fontsize=8)
    axes.set(title=f"factor {factor}: {size} pixels", xlabel="pixels from the value")
    axes.set(ylim=(0, 1.25), xticks=[-factor, 0, factor])
figure.alt = "A triangle; 5 pixels on it for factor 3, 8 pixels for factor 4"
figure

# %% [markdown]
# Count the dots. With an odd factor, one pixel sits on the value, and factor − 1 on
# each side, because the pixel at distance `factor` has weight 0. That makes 2 × factor
# − 1. With an even factor, the value lies between two pixels, with `factor` pixels on
# each side. That makes 2 × factor. Both in one formula: 2 × factor − factor % 2.
#
# ### Your turn: one row of the kernel
#
# Write a function that returns that row of dots, `k(u, 0)` of the formula, for any
# factor. The distances are those in the cell above. The stub gives all pixels the same
# weight.


# %% tags=["exercise"]
def kernel_row(factor):
    return np.ones(2 * factor - factor % 2) / 2


# %% tags=["check"]
for factor in (2, 3, 4, 7, 1):
    wanted = np.sqrt(np.diag(segxai.upsample_filt(segxai.get_kernel_size(factor))))
    mine = np.asarray(kernel_row(factor), float)
    if mine.shape != wanted.shape:
        print(f"Not yet: factor {factor} needs {len(wanted)} weights, not {mine.size}.")
        break
    if factor > 1 and np.allclose(mine * factor, wanted):
        print(f"Not yet: your weights add up to 1, these must add up to {factor}.")
        break
    if not np.allclose(mine, wanted):
        print(f"Not yet: factor {factor} needs {wanted.round(3)}: it rises and falls.")
        break
else:
    print("Correct: even and odd factors have the right weights.")

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# def kernel_row(factor):
#     size = 2 * factor - factor % 2
#     return 1 - np.abs(np.arange(size) - (size - 1) / 2) / factor
# ```
#
# </details>

# %% [markdown]
# ## 3. Stamp by hand
#
# Start with a map of one row: 1, 3, 2. The factor is 2. Each value is stamped 2 pixels
# to the right of the one before it.
#
# **Predict before you run:** at which pixels do two stamps overlap? What comes out
# between 1 and 3?

# %%
kernel, values = np.array([0.25, 0.75, 0.75, 0.25]), [1, 3, 2]
stamps = np.zeros((3, 8))
for place, value in enumerate(values):
    stamps[place, 2 * place : 2 * place + 4] = value * kernel
figure = plots.DescribedFigure(figsize=(7, 3.2), layout="constrained")
axes, below = figure.subplots(), np.zeros(8)
colours = (plots.BLUE, plots.ORANGE, "#8fbfe6")
for value, one, colour in zip(values, stamps, colours, strict=True):
    axes.bar(range(8), one, bottom=below, color=colour, label=f"stamp of {value}")
    below += one
axes.bar_label(axes.containers[-1], [f"{total:g}" for total in below])
axes.set(title="Three stamps, stacked", xlabel="pixel", ylim=(0, 3.3), xticks=range(8))
axes.legend()
figure.alt = "Sums of the stamps: " + ", ".join(f"{total:g}" for total in below)
figure

# %% [markdown]
# Between 1 and 3 come 1.5 and 2.5: a straight line. At each end one stamp is alone, and
# the sum falls off. We shall come back to that. The outermost pixel on each side is cut
# away, so that 3 values give 6 pixels.
#
# ## 4. Stamp in two dimensions
#
# With rows and columns it works in the same way. We write it as a function, for any
# kernel. TensorFlow calls this
# [`conv2d_transpose`](https://www.tensorflow.org/api_docs/python/tf/nn/conv2d_transpose).
# The name comes from matrices: a convolution with stride 2 is a matrix that makes a
# small map from a large one, and its transpose goes the other way. We compare the two
# on random numbers.


# %%
from segxai.nets.graph import tf


def stamp(values, kernel, factor):
    (height, width), size = values.shape, len(kernel)
    canvas = np.zeros(((height - 1) * factor + size, (width - 1) * factor + size))
    for row, column in np.ndindex(height, width):
        top, left = row * factor, column * factor
        canvas[top : top + size, left : left + size] += values[row, column] * kernel
    edge = (size - factor) // 2
    return canvas[edge : edge + height * factor, edge : edge + width * factor]


small, kernel = np.random.default_rng(0).normal(size=(4, 5)), segxai.upsample_filt(5)
batch, weights, size = small[None, ..., None], kernel[..., None, None], (1, 12, 15, 1)
theirs = tf.nn.conv2d_transpose(batch, weights, size, strides=3, padding="SAME").numpy()
difference = np.abs(theirs[0, ..., 0] - stamp(small, kernel, 3)).max()
print(f"largest difference: {difference:.0e}")
assert difference < 1e-9

# %% [markdown]
# Equal, up to rounding. A transposed convolution is stamping and nothing else. Now
# stamp the cup with four factors.

# %%
coarse_cup = coarse(cup, 32)
grown = {}
for f in (1, 2, 4, 32):
    grown[f] = stamp(coarse_cup, segxai.upsample_filt(segxai.get_kernel_size(f)), f)
drawings = {f"factor {f}: {m.shape[0]} × {m.shape[1]}": m for f, m in grown.items()}
draw_maps(drawings, 2, "The cup gets smoother with the factor", vmin=0, vmax=1)

# %% [markdown]
# With factor 32 the map is as large as the photograph. It is smooth, but it has no
# edge: even the sharpest step takes 32 pixels to rise from 0 to 1.
#
# The kernel grows with the factor, so that neighbouring stamps always overlap. The map
# gets smoother, and that is all: no detail is added.
#
# ## 5. Several classes
#
# A network has one map for each class. A transposed convolution may mix them, so its
# weights have four axes: kernel height, kernel width, class out, class in. For
# upsampling, no class may leak into another.
#
# **Predict:**

# %%
Quiz(
    "With 3 classes there are 3 × 3 = 9 kernels. How many of them are zero?",
    {
        "0": "Then each class would leak into the two others.",
        "3": "Count those from a class to a different one.",
        "6": "Only the three from a class to itself are left.",
    },
    answer="6",
    rationale="No class may leak into another: of 9 pairs, 3 lie on the diagonal.",
)

# %%
weights = segxai.bilinear_upsample_weights(2, 3)
pairs = {f"class {i} to class {j}": weights[:, :, j, i] for i, j in np.ndindex(3, 3)}
alt = "Nine kernels; only those from a class to itself are not zero"
draw_maps(pairs, 3, alt, ".2f", width=7, vmin=0, vmax=1)

# %% [markdown]
# Six of nine are zero. Only the diagonal holds the kernel, so each class is upsampled
# on its own. These weights need no training: they are constant. (The authors of FCN
# used them as a starting point and let some layers learn. Here they stay fixed.)
#
# ## 6. The border
#
# scikit-image upsamples, too: `rescale` with `order=1` is bilinear. It does not use
# stamps, so it is an independent judge. We compare it with two versions: the plain
# stamps, and `bilinear_upsample`, which the networks of this series use.
#
# **Predict before you run:** section 3 had a weak point. Where will the plain stamps be
# wrong?

# %%
from segxai.nets.upsampling import bilinear_upsample
from skimage.transform import rescale

small = np.random.default_rng(1).uniform(1, 2, (4, 6))
judge = rescale(small, 4, order=1, mode="edge", anti_aliasing=False)
plain = stamp(small, segxai.upsample_filt(8), 4) - judge
batch = small[None, ..., None].astype("float32")
repeated = bilinear_upsample(batch, 4, 1).numpy()[0, ..., 0] - judge
print(f"plain, inside: {np.abs(plain[2:-2, 2:-2]).max():.0e}")
print(f"plain, border: {np.abs(plain).max():.2f}")
print(f"repeated:      {np.abs(repeated).max():.0e}")
differences = {"plain stamps − scikit-image": plain}
differences["bilinear_upsample − scikit-image"] = repeated
assert np.allclose(plain[2:-2, 2:-2], 0) and plain.min() < -0.5
assert np.allclose(repeated, 0, atol=1e-5)
alt = "An orange border on the left: too low. No difference on the right"
draw_maps(differences, 2, alt, cmap=plots.ORANGE_BLUE, vmin=-1.2, vmax=1.2)

# %% [markdown]
# White means no difference, orange means too low, and blue would mean too high. Inside,
# all three agree. On the left, the plain stamps are far too low at the border: beyond
# it there is nothing, and nothing counts as zero. On the right, `bilinear_upsample`
# first repeats the outermost values for one more place, then stamps, then cuts the
# margin off. It agrees with scikit-image everywhere.
#
# ## 7. A kernel that does not fit
#
# In many networks this kernel can be anything: any size, any weights. What if its size
# does not fit the factor? Take a flat map, all ones, and a 3 × 3 kernel with equal
# weights of 4/9, so that the mean comes out right. The factor is 2.
#
# **Predict:**

# %%
Quiz(
    "What happens to the inside of the flat map?",
    {
        "it stays flat": "Does each pixel get the same number of stamps?",
        "a checkerboard": "Some pixels get one stamp, others two or four.",
        "a ramp": "Nothing in the kernel prefers one side.",
    },
    answer="a checkerboard",
    rationale="Stamps of side 3 at steps of 2 overlap on every second pixel only.",
)

# %%
flat, equal = np.ones((4, 4)), np.full((3, 3), 4 / 9)
maps = {"flat, bilinear": stamp(flat, segxai.upsample_filt(4), 2)}
maps["flat, equal 3 × 3"] = stamp(flat, equal, 2)
maps["the cup, equal 3 × 3"] = stamp(coarse_cup, equal, 2)
alt = "Bilinear stays flat inside, equal weights give a checkerboard"
draw_maps(maps, 3, alt, ".2f", vmin=0, vmax=1.78)

# %% [markdown]
# A **checkerboard**. The stamps overlap unevenly: some pixels get one stamp, some two,
# some four. On the cup you see a grid that has nothing to do with the cup. Pictures
# made by networks often show such grids, and this is one cause ([Odena, Dumoulin and
# Olah 2016](https://distill.pub/2016/deconv-checkerboard/)).
#
# ### Your turn: test a kernel
#
# Write a function that says whether a kernel keeps a flat map flat, and at the same
# value. Hint: stamp a map of ones, cut the border off, and check whether all that is
# left is 1 (`np.allclose`). The stub trusts every kernel.


# %% tags=["exercise"]
def keeps_flat(kernel, factor):
    return True


# %% tags=["check"]
trials = {
    "the bilinear kernel, factor 3": (segxai.upsample_filt(5), 3, True),
    "equal 3 × 3 weights of 4/9, factor 2": (equal, 2, False),
    "equal 4 × 4 weights of 1/4, factor 2": (np.full((4, 4), 1 / 4), 2, True),
    "factor 2's bilinear kernel with factor 3": (segxai.upsample_filt(4), 3, False),
    "twice the bilinear kernel, factor 2": (2 * segxai.upsample_filt(4), 2, False),
}
judged = {name: bool(keeps_flat(k, f)) for name, (k, f, _) in trials.items()}
wrong = [name for name, (*_, wanted) in trials.items() if judged[name] != wanted]
if not wrong:
    print("Correct: all five kernels are judged correctly.")
elif not any(judged.values()):
    print("Not yet: you reject every kernel. Did you cut the border off?")
elif wrong == ["twice the bilinear kernel, factor 2"]:
    print("Not yet: flat is not enough, the value must stay 1 as well.")
else:
    print(f"Not yet: {wrong[0]} should be {trials[wrong[0]][2]}. Stamp a map of ones.")

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# def keeps_flat(kernel, factor):
#     inside = slice(len(kernel), -len(kernel))
#     return np.allclose(stamp(np.ones((9, 9)), kernel, factor)[inside, inside], 1)
# ```
#
# </details>

# %% [markdown]
# The bilinear kernel passes the test for every factor: at each pixel the overlapping
# weights add up to 1.
#
# ## 8. What is lost
#
# Now the main test. Make a coarse map of each thing, upsample it, and call a pixel
# "thing" where the value is above 0.5. Then compare with the annotation by the IoU
# (intersection over union): pixels in both, divided by pixels in either. `grow` goes to
# the coarse map and back.
#
# The strides 32, 16 and 8 are those of VGG16's pool5, pool4 and pool3. For comparison,
# the first column repeats the values of stride 32, so it gives squares.
#
# **Predict before you run:** the things are a saucer, a cup, the coffee and a spoon.
# Which one suffers most?


# %%
def grow(mask, stride):
    values = coarse(mask, stride)[None, ..., None].astype("float32")
    return bilinear_upsample(values, stride, 1).numpy()[0, ..., 0] > 0.5


def iou(found, mask):
    return np.sum(found & mask) / np.sum(found | mask)


table = {}
print("         squares  stride 32  stride 16  stride 8")
for thing in ("saucer", "cup", "coffee", "spoon"):
    mask = annotation.mask(thing)[:384, :576]
    squares = np.kron(coarse(mask, 32), np.ones((32, 32))) > 0.5
    row = [iou(squares, mask)] + [iou(grow(mask, s), mask) for s in (32, 16, 8)]
    table[thing] = row[1:]
    print(f"{thing:7}", *(f"{value:10.2f}" for value in row))

# %% [markdown]
# Bilinear beats squares every time. Large things come back well, even from stride 32.
# The spoon does not. Look at it:

# %%
spoon = annotation.mask("spoon")[:384, :576]
drawings = {"annotation: spoon": spoon}
for stride, found in zip((32, 16, 8), table["spoon"], strict=True):
    drawings[f"stride {stride}: {found:.2f}"] = grow(spoon, stride)
draw_maps(drawings, 2, "At stride 32 the handle of the spoon is lost")

# %% tags=["hidden"]
assert np.allclose(below, [0.25, 0.75, 1.5, 2.5, 2.75, 2.25, 1.5, 0.5])
assert sum(not kernel.any() for kernel in pairs.values()) == 6
step = np.tile([0.0, 0, 1, 1], (4, 1))
ramp = stamp(step, segxai.upsample_filt(64), 32)[64, 16:-16]
assert np.sum((ramp > 1e-6) & (ramp < 1 - 1e-6)) == 32
assert np.allclose(table["spoon"], [0.71, 0.87, 0.95], atol=0.01)
large_things = [row for name, row in table.items() if name != "spoon"]
assert np.allclose([row[0] for row in large_things], 0.92, atol=0.01)
assert min(row[2] for row in table.values()) > 0.945

# %% [markdown]
# The bowl of the spoon is there each time, though with corners at stride 32. The end of
# the handle, at the top, is thinner than 32 pixels. At stride 32 it is gone, and
# upsampling cannot bring it back.
#
# ### Your turn: a shape that gets lost (open)
#
# Draw a shape that comes back from stride 8 with an IoU of at least 0.9, and of which
# stride 32 brings back less than half. The stub draws a large square, which no stride
# can harm much.

# %% tags=["exercise"]
my_shape = np.zeros((384, 576), bool)
my_shape[100:300, 100:300] = True

# %% tags=["check"]
drawn = np.asarray(my_shape).astype(bool)
if drawn.shape != (384, 576):
    print(f"Not yet: the shape must be (384, 576), not {drawn.shape}.")
elif not drawn.any():
    print("Not yet: nothing is drawn.")
else:
    fine, rough = iou(grow(drawn, 8), drawn), iou(grow(drawn, 32), drawn)
    scores = f"IoU {fine:.2f} from stride 8, {rough:.2f} from stride 32"
    if fine < 0.9:
        print(f"Not yet: {scores}. That is too fine even for stride 8.")
    elif rough >= 0.5:
        print(f"Not yet: {scores}. That is too large: stride 32 keeps it.")
    else:
        print(f"Correct: {scores}.")

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# my_shape = np.zeros((384, 576), bool)
# my_shape[100:300, 104:120] = True  # a bar of 16 pixels
# ```
#
# Most bars of 16 to 20 pixels will do. Narrower ones may be lost at stride 8 already,
# and wider ones may survive stride 32.
#
# </details>

# %% [markdown]
# ## The answer
#
# **How does a coarse map become as large as the photograph?** By a transposed
# convolution: stamp a bilinear kernel of size 2 × factor − factor % 2 for every value,
# and add. Nothing is trained. Away from the border this is bilinear interpolation, and
# at the border it is, too, if the outermost values are repeated first.
#
# **What is lost?** Details smaller than the stride. From stride 32, the large things
# come back with an IoU of 0.92, the spoon with 0.71. From stride 8, all of them have at
# least 0.95. Upsampling makes a map larger and smoother. It brings no new detail, and
# from stride 32 even the sharpest edge becomes a ramp of 32 pixels or more.
#
# **Where this fails:** our coarse maps came from the annotation. A network's maps have
# errors, so its IoU will be lower. And a kernel that does not fit the factor draws
# checkerboards.
#
# **What is it good for?** Maps of different strides can be upsampled to the same size
# and added up. Notebook 05 does this with five of them, in a network that was trained
# on outlines drawn by people. How can such coarse maps still help to draw a sharp line?
# **Go on with notebook 05.**
