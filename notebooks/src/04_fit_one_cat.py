# %% [markdown]
# # Fit a network to one cat
#
# **You will do:** train a fully convolutional network on one photograph, watch its answer at each of ten steps, and read
# its loss and its gradients back from TensorBoard's files.
#
# **You will learn:** what the loss counts; why the first step is special; what FCN-32s, 16s and 8s mean; how to find a
# learning rate; what such a network does not know.
#
# **You need:** a little Python. Notebook 00 helps. You need no graphics card and no network connection.
#
# **Time: 30 minutes.** The computer works for about 45 seconds of it.
#
# **The question:** how well can ten steps on one photograph teach a network where the cat is, and what do finer skips add?
# The last section answers it with numbers.

# %% [markdown]
# ## 1. The photograph and its annotation
#
# Training needs two things: an input, and the answer that we want. The answer is an **annotation**: a person drew where
# the cat is. Every pixel has a class: 0 is background, 1 is cat.

# %%
import shutil

import numpy as np
import segxai
from scipy.ndimage import distance_transform_edt
from segxai import plots
from segxai.fcn.training import evaluate, intersection_over_union
from segxai.weights.downloads import cached
from skimage.measure import find_contours

sample = segxai.data.load("cat")
photo, truth = sample.image, sample.annotation.labels
plots.plot_regions(photo, sample.annotation, titles=["Chelsea the cat, and her annotation"])

# %% [markdown]
# The cat fills most of the picture. There is background in two corners only, so "cat everywhere" would already be right
# for three pixels of four. Keep that in mind when you read a score.
#
# The network has an **encoder** that knows the photographs of ImageNet, but no outlines. VGG16 is the classic choice. Its
# weights are a large download, so we use it only where they are already on this computer.

# %%
encoder = "vgg16" if cached("vgg16") else "efficientnet_lite0"
first_layer = "vgg_16/conv1/conv1_1" if encoder == "vgg16" else "efficientnet_lite0/stem"  # for section 5
options = {"fc_width": 1024, "fc6_kernel": 3}  # for VGG16 only: a small one
print(f"{encoder}; {truth.shape[0]} x {truth.shape[1]} pixels; {(truth == 1).mean():.0%} are cat")
assert round((truth == 1).mean(), 2) == 0.77

# %% [markdown]
# If this says `efficientnet_lite0`, all is well: its weights come with `segxai`, and the text below describes its run. If
# it says `vgg16`, your numbers differ, and the notebook needs about five minutes of work and 2.5 GB of memory. The layers
# fc6 and fc7 of VGG16 are then made thinner: training all of it on a photograph of this size needs 4.3 GB.
#
# ## 2. A network that knows nothing yet
#
# An FCN (fully convolutional network) works in three stages. The encoder makes a small map of features. FCN-32s has one
# place for each 32 × 32 pixels. A **score head** turns the features of a place into one score per class. Then the scores are
# enlarged to the size of the photograph, and softmax makes probabilities of them.
#
# The **loss** is the cross-entropy: for each pixel take −log of the probability of its true class, and sum over all pixels.
#
# **Predict before you run:** our score heads start with zeros. Which probability does each pixel get, and which loss?


# %%
def new_network(stride=32):
    return segxai.FCN(encoder, 2, stride, class_names=sample.annotation.names, seed=0, **options)


fcn = new_network()
loss, probabilities = evaluate(fcn, photo, truth)
print(f"loss {loss:,.0f}, that is {loss / truth.size:.4f} per pixel; log 2 = {np.log(2):.4f}")

# %% [markdown]
# All scores are zero, so both classes are equally likely: ½ everywhere. And −log ½ = log 2. Our network admits that it
# knows nothing. A sum grows with the number of pixels. So to compare losses of different photographs, we divide by it.
#
# ## 3. Ten steps
#
# `finetune_steps` is a generator: it does one step, hands it to us, and waits. In each step, Adam (a common optimiser)
# changes all weights of the network a little so that the loss gets smaller. The losses and gradients also go into files
# for TensorBoard.
#
# **Predict before you run:** will the loss fall at every step?

# %%
shutil.rmtree("logs/04_fit_one_cat", ignore_errors=True)  # else TensorBoard mixes this run with older ones
steps = []
for step in segxai.finetune_steps(fcn, photo, truth, iterations=10, logdir="logs/04_fit_one_cat"):
    steps.append(step)
    print(f"iteration {step.iteration:2}: loss {step.loss:7,.0f}, {step.loss / truth.size:.3f} per pixel")

# %% [markdown]
# Each loss is the one **before** the update of that step, so the first is log 2 per pixel again. Most steps help. But at
# iteration 4 the loss is a little higher than at 3: the step between them went too far. That is normal for a few large
# steps. Nothing here is left to chance: the heads start at zero, so another seed would print the same numbers. (VGG16 has
# dropout, and dropout needs a seed.)
#
# Numbers hide where the errors are. So we draw every step twice. The **argmax** is the more probable class of each pixel:
# the cat keeps its colours, the background is washed out. Below it is the probability itself.


# %%
def show_answer(axes, answer, image=photo):
    axes.imshow(np.where(answer[..., None] == 1, image, 255 - (255 - image) // 4))
    plots.draw_borders(axes, segxai.Regions.from_labels(answer))
    axes.set_axis_off()


figure = plots.DescribedFigure(figsize=(13, 7.6), layout="constrained")
panels = figure.subplots(4, 5)
for step, upper, lower in zip(steps, panels[::2].flat, panels[1::2].flat, strict=True):
    show_answer(upper, step.predictions)
    upper.set_title(f"{step.iteration}: argmax, loss {step.loss / truth.size:.3f}", fontsize=10)
    colours = lower.imshow(step.probabilities[..., 1], cmap=plots.ORANGE_BLUE, vmin=0, vmax=1)
    lower.set_title(f"{step.iteration}: P(cat)", fontsize=10)
    lower.set_axis_off()
figure.colorbar(colours, ax=panels, shrink=0.5, label="P(cat): blue 1, white ½, orange 0")
figure.alt = f"Ten steps. Share of the pixels called cat: {[f'{(s.predictions == 1).mean():.0%}' for s in steps]}, annotated 77%."
figure

# %% [markdown]
# Read it in the order 1 to 10. At 1 the probability is white, ½ everywhere. (Of two equal classes argmax takes the first,
# background.) At 2 nearly everything is cat: the most frequent class is the easiest thing to learn. Then the corners turn
# orange. From step to step the white band between the colours gets thinner: the network becomes sure.
#
# ## 4. The final evaluation
#
# A fair last number needs two things. It must come after the last update. And **dropout** must be off: in training VGG16
# drops half of the features of fc6 and fc7 at random, in use it drops none. (EfficientNet-Lite0 has no dropout here.) We
# also compute the IoU (intersection over union, notebook 01).
#
# **Predict before you run:** the answer "cat everywhere" has an IoU of 0.77 for the cat. What will ours have?

# %%
final_loss, probabilities = evaluate(fcn, photo, truth)
fcn.close()
answer = probabilities.argmax(axis=-1)
background, cat = intersection_over_union(truth, answer)
print(f"loss {final_loss:,.0f}, {final_loss / truth.size:.4f} per pixel; IoU background {background:.3f}, cat {cat:.3f}")

# %% [markdown]
# Look at the IoU of the background, too. It is the rarer class, so each error costs it more. (We also closed the network:
# that gives its memory back.)
#
# Are these numbers good? There is a published run to compare with, in a tutorial (D. Pakhomov 2016, "Image Segmentation
# with Tensorflow using CNNs and Conditional Random Fields"): VGG16, FCN-32s, ten steps of Adam at 0.0001 on one photograph
# of cats with 352 × 480 pixels.

# %%
for name, first, last, pixels in (("ours:", loss, final_loss, truth.size), ("published:", 201_433, 18_177, 352 * 480)):
    print(f"{name:10} {first:7,.0f} to {last:6,.0f}; per pixel {first / pixels:.3f} to {last / pixels:.3f}")
assert encoder == "vgg16" or (final_loss / truth.size < min(0.05, 0.5 * 18_177 / (352 * 480)) and 0.97 < cat < 0.98)

# %% [markdown]
# The published network started above log 2 = 0.693. So its heads cannot have been zero: it began with opinions, and they
# were wrong.
#
# With EfficientNet-Lite0 our final loss per pixel is less than half of the published one. Do not call that a victory. It is
# another photograph and another encoder, and one large cat is an easy thing to learn.
#
# ## 5. What TensorBoard sees
#
# The loop wrote two things at every step: the loss, and a histogram of the gradient of each weight. Normally you look at
# them in TensorBoard. In a terminal in this folder, type `tensorboard --logdir logs` and open the address that it prints.
# Here we read the same files with TensorBoard's own reader.
#
# **Predict before you run:** at iteration 1 the heads are zero. How large is the gradient of an *encoder* weight then?

# %%
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

events = EventAccumulator("logs/04_fit_one_cat", size_guidance={"histograms": 0, "scalars": 0}).Reload()
for layer in ("fcn/score_32", first_layer):
    sizes = [max(abs(e.histogram_value.min), e.histogram_value.max) for e in events.Histograms(f"gradient/{layer}/weights")]
    print(f"{layer}: largest gradient {sizes[0]:,.0f} at iteration 1, {sizes[1]:,.0f} at 2, {sizes[-1]:,.0f} at 10")

# %% [markdown]
# Exactly zero. The encoder acts on the loss only through the heads. While these are zero, no change of the encoder changes
# anything. So at iteration 1 only the heads learn, and the encoder follows from iteration 2 on.
#
# The same as a figure: the loss on the left, and the head's gradient as a histogram on the right.

# %%
figure = plots.DescribedFigure(figsize=(11, 3.6), layout="constrained")
left, right = figure.subplots(1, 2)
left.plot([e.step for e in events.Scalars("loss")], [e.value for e in events.Scalars("loss")], "o-", c=plots.BLUE)
left.set(title="scalar: loss", xlabel="iteration", ylabel="summed cross-entropy", ylim=(0, None))
head = events.Histograms("gradient/fcn/score_32/weights")
for event, colour, style in zip(head[::9], (plots.ORANGE, plots.BLUE), ("--", "-"), strict=True):
    sizes, counts = np.abs(event.histogram_value.bucket_limit), event.histogram_value.bucket
    bins, name = np.geomspace(1, 1e6, 31), f"iteration {event.step}"
    right.hist(sizes, bins, weights=counts, histtype="step", color=colour, ls=style, lw=2, label=name)
right.legend(loc="upper left")
right.set(title="histogram: gradient/fcn/score_32/weights", xlabel="size of the gradient", ylabel="weights", xscale="log")
figure.alt = "Left, the loss falls. Right, most gradients of the head are much smaller at iteration 10 than at iteration 1."
assert events.Histograms(f"gradient/{first_layer}/weights")[0].histogram_value.max == 0
assert np.allclose(steps[0].probabilities, 0.5) and (encoder == "vgg16" or steps[3].loss > steps[2].loss)
figure

# %% [markdown]
# The right panel counts the weights of the head by the size of their gradient. (The scale is logarithmic: each mark is ten
# times the last one.) The hump of iteration 10 lies far to the left of that of iteration 1. There is much less left to
# correct. In TensorBoard you see all iterations behind one another, for each of the weights.
#
# ## 6. Why the heads learn faster
#
# Adam moves each weight by about the learning rate, whatever the size of the gradient. After ten steps of 0.0001 a weight
# that started at zero is no larger than about 0.001. For the encoder small steps are right, it is nearly good. A head that
# starts at zero must go a long way. So `segxai` gives the heads 100 times the rate, here 0.01.
#
# We test this with the heads alone (`trainable="head"`) and the encoder frozen.
#
# **Predict before you run:** will heads with the rate 0.0001 find the cat in ten steps?

# %%
for rate in (1e-6, 1e-4):
    with new_network() as other:
        list(segxai.finetune_steps(other, photo, truth, learning_rate=rate, trainable="head"))
        other_loss, frozen = evaluate(other, photo, truth)
    print(f"heads at {100 * rate:g}: loss {other_loss / truth.size:.3f} per pixel, highest P(cat) {frozen[..., 1].max():.2f}")

# %% [markdown]
# With the small rate the loss is still above ½, and no pixel is sure of anything. With the large rate the same frozen
# features are enough to tell most of the cat from the background. The features were there from the start. The heads only
# had to be able to grow.
#
# ## 7. Finer skips: 32s, 16s, 8s
#
# FCN-32s has one score for each 32 × 32 pixels. It cannot draw anything finer. FCN-16s adds the scores of a finer map of
# the encoder (a **skip**), with one place for each 16 × 16 pixels. FCN-8s adds one more, with 8 × 8. `segxai.finetune` runs
# our whole loop in one call.
#
# **Predict before you run:** which step gains more, from 32s to 16s or from 16s to 8s?

# %%
answers, losses = {32: answer}, {32: final_loss}
for stride in (16, 8):
    fcn.close()  # the last network, before there is a new one
    fitted = segxai.finetune(photo, truth, encoder=encoder, stride=stride, names=sample.annotation.names, **options)
    fcn, answers[stride], losses[stride] = fitted.fcn, fitted.predictions, fitted.final_loss

# %% [markdown]
# Compare their loss and the IoU of the cat, and count the wrong pixels.

# %%
wrong = {stride: (found != truth).sum() for stride, found in answers.items()}
for stride, found in answers.items():
    cat = intersection_over_union(truth, found)[1]
    print(f"FCN-{stride}s: loss {losses[stride] / truth.size:.4f} per pixel, IoU {cat:.3f}, {wrong[stride]:,} wrong pixels")
assert encoder == "vgg16" or (0.6 < wrong[16] / wrong[32] < 0.72 and 0.8 < wrong[8] / wrong[16] < 0.95)

# %% [markdown]
# The first skip removes about a third of the wrong pixels. The second one helps, too, but much less.
#
# Where are the wrong pixels? We measure their distance from the annotated border, and look at the right edge of the cat.

# %%
depth = distance_transform_edt(truth == 1) + distance_transform_edt(truth == 0)
far = [depth[found != truth].max() for found in answers.values()]
print(f"farthest wrong pixel: {far[0]:.0f}, {far[1]:.0f}, {far[2]:.0f} pixels from the border")
figure = plots.DescribedFigure(figsize=(9.5, 6.4), layout="constrained")
for axes, (stride, found) in zip(figure.subplots(1, 3), answers.items(), strict=True):
    axes.imshow(photo)
    axes.set_axis_off()
    for border, colour, halo in ((truth, plots.BLUE, "white"), (found, "#ffa24d", plots.INK)):
        for path in find_contours(border, 0.5):
            axes.plot(path[:, 1], path[:, 0], c=halo, lw=4)
            axes.plot(path[:, 1], path[:, 0], c=colour, lw=2)
    axes.set(title=f"FCN-{stride}s: {wrong[stride]:,} wrong pixels", xlim=(310, 450), ylim=(299, 0))
figure.supxlabel("orange with a dark edge: network; blue with a white edge: annotation", fontsize=10)
figure.alt = "FCN-32s cuts off the tips of the ear and of the whiskers; FCN-16s and FCN-8s follow the annotation more closely."
figure

# %% [markdown]
# No wrong pixel lies far from the border, and the finer the network, the closer they lie. The border of FCN-32s has few
# bends. It cuts off the tip of the ear at the top and of the whiskers at the bottom. With skips the border can bend more
# often. But even FCN-8s does not know the hairs: its finest map has one place for 8 × 8 pixels. Notice that the annotation
# is not perfect either. It is made of straight lines.
#
# ## 8. Where this fails
#
# This network has seen one photograph. What will it say about others? We ask FCN-8s about the same cat in a mirror, and
# about a cup of coffee.
#
# **Predict before you run:** how much of the cup of coffee will be called cat?

# %%
assert encoder == "vgg16" or 20 > far[0] > far[1] > far[2]
mirrored, coffee = np.ascontiguousarray(photo[:, ::-1]), segxai.data.photograph("coffee")
figure = plots.DescribedFigure(figsize=(9, 3.6), layout="constrained")
for axes, image, title in zip(figure.subplots(1, 2), (mirrored, coffee), ("mirrored", "coffee"), strict=True):
    found = fcn.predict(image).argmax(axis=-1)
    show_answer(axes, found, image)
    axes.set_title(f"{title}: {(found == 1).mean():.0%} cat")
    figure.alt += f"{title}: {(found == 1).mean():.0%} of the pixels are called cat. "
assert encoder == "vgg16" or (found == 1).mean() > 0.6
fcn.close()
figure

# %% [markdown]
# The mirrored cat is found, although nearly all the background is now on the other side. So the network did not simply
# learn places. It learned what this fur and this background look like to the encoder.
#
# The cup of coffee is called cat for the most part. The network has two words only, and it must use one of them for each
# pixel. "Cat" means to it: more like Chelsea than like the room behind her. A low training loss says nothing about that.
# Only photographs that were not used for training can tell.
#
# ## 9. Your turn: too small and too large
#
# We used the learning rate 0.0001. What happens with others? First a helper. It fits a new network and returns the loss
# per pixel at each step, with `inf` where the loss is no longer a number.


# %%
def curve(rate):
    losses = []
    with new_network() as other:
        try:
            for step in segxai.finetune_steps(other, photo, truth, learning_rate=rate):
                losses.append(step.loss / truth.size)
        except segxai.SegxaiError:
            losses.append(np.inf)
    return losses


curves = {"0.0001 (ours)": [step.loss / truth.size for step in steps]}
ours = curves["0.0001 (ours)"][-1]
print(f"ours: {ours:.3f} per pixel at iteration 10; at the start log 2 = {np.log(2):.3f}")

# %% [markdown]
# Now go in factors of ten. Find a rate that is **too small**: it never does harm, but at iteration 10 the loss is still
# more than twice ours. And find one that is **too large**: on the way, the network gets worse than one that knows nothing.
# The check fits two networks, which takes some seconds.

# %% tags=["exercise"]
too_small, too_large = 1e-4, 1e-4

# %% tags=["check"]
if not 0 < too_small < 1e-4 < too_large:
    print(f"Not yet: too_small = {too_small:g} must lie below 0.0001 and too_large = {too_large:g} above it.")
else:
    small, large = (curves.setdefault(f"{rate:g}", curve(rate)) for rate in (too_small, too_large))
    if max(small[1:]) > np.log(2):
        print(f"Not yet: {too_small:g} does harm, the loss rises to {max(small):.3f}. That step was not too small.")
    elif small[-1] <= 2 * ours:
        print(f"Not yet: {too_small:g} ends at {small[-1]:.3f}, which is not twice our {ours:.3f}. Try a smaller one.")
    elif max(large[1:]) <= np.log(2):
        print(f"Not yet: with {too_large:g} the loss is never above {max(large[1:]):.3f} after a step. Try a larger one.")
    else:
        print(f"Correct: {too_small:g} ends at {small[-1]:.3f}; {too_large:g} goes up to {max(large):.3g}.")

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# too_small, too_large = 1e-6, 1e-3
# ```
#
# With EfficientNet-Lite0, 1e-5 is too small as well.
#
# </details>

# %% [markdown]
# Draw the curves of all the rates that you tried.

# %%
figure = plots.DescribedFigure(figsize=(7, 3.8), layout="constrained")
axes = figure.subplots()
for (name, losses_at), marker, colour in zip(curves.items(), "os^Dv<>p*h", [plots.BLUE, plots.ORANGE, plots.INK] * 4, strict=False):
    axes.plot(range(1, len(losses_at) + 1), losses_at, marker + "-", c=colour, label=name)
axes.axhline(np.log(2), ls=":", c=plots.INK, label="knows nothing: log 2")
axes.set(yscale="log", xlabel="iteration", ylabel="loss per pixel", title="Ten steps at different learning rates")
axes.legend(title="learning rate")
figure.alt = "; ".join(f"rate {name}: loss per pixel {c[0]:.2f} to {c[-1]:.2f}" for name, c in curves.items())
figure

# %% [markdown]
# A rate that is too small gives a calm curve that has not arrived. One that is too large jumps: first away from the goal,
# and ten steps are not enough to come back. Between them lies a range that works (try 3e-5 and 3e-4 as well). For another
# photograph that range may lie elsewhere. Ten steps are cheap, so look at the curve.
#
# ## 10. Try it by hand (optional)
#
# The same loop with buttons, always with EfficientNet-Lite0. **Step** does one step, **Start** does them all, in the
# background. Move the slider with the mouse or the arrow keys to look back. (A page without a kernel shows a still picture.)

# %%
from segxai.widgets import FineTuneMonitor

FineTuneMonitor(sample)

# %% [markdown]
# Press Step three times, and watch the background appear in the corners. Then do ten iterations with all weights, and ten
# with the score heads only. How much of the IoU of the background is lost?
#
# ## The answer
#
# **How well can ten steps on one photograph teach a network where the cat is, and what do finer skips add?** With
# EfficientNet-Lite0 the loss falls from log 2 = 0.693 per pixel to less than 0.05, and the IoU of the cat rises to 0.97.
# Nearly all errors lie along the border. The skip to stride 16 removes about a third of them. The skip to stride 8 removes
# a little more.
#
# Two things made it work: an encoder that had useful features before the first step, and a learning rate for the heads
# that is 100 times larger (section 6).
#
# What the network did **not** learn is what a cat is. It can tell this cat from this background, and calls a cup of coffee
# a cat. For our purpose that is enough: we want regions of *this* photograph. The next notebook, **05_sharpen_with_crf**,
# moves their borders to the edges of the photograph and explains a classifier with them.
