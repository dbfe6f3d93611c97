# %% [markdown]
# # Explain a photograph with superpixels
#
# **You will do:** run LIME as its authors wrote it, catch it in a mistake, repeat it with several seeds, and compare it
# with an exact answer.
#
# **You will learn:** how LIME works; what its numbers owe to chance, to its settings, and to the way the photograph was
# cut up.
#
# **You need:** notebook 00. You need no graphics card and no network connection.
#
# **Time: 30 minutes.** The computer works for about 120 seconds of it.
#
# **The question:** how much of a LIME explanation is chance, and how much is the segmentation? The last section answers
# it with numbers.

# %% [markdown]
# ## 1. Cut the photograph into superpixels
#
# We take the photograph and the target of notebook 00, "football helmet". The sample also holds an annotation: a person
# outlined the helmet, the suit and so on. We need it at the end.
#
# The classifier is the same, too, but this time we pass it on as a plain function. Then `lime` and `segxai` send it the
# same kind of picture, and their numbers may be compared. (So the numbers here differ a little from the other notebooks.
# There regions are switched off at the network's 224 × 224 pixels, here on the full photograph.)

# %%
import ipywidgets as widgets
import lime.lime_image
import numpy as np
import segxai
from segxai import plots
from skimage.segmentation import slic
from sklearn.linear_model import Ridge

sample = segxai.data.load("astronaut")
photo = sample.image
network = segxai.load_classifier("efficientnet_lite0")
classifier = segxai.load_classifier(network.predict, class_names=network.class_names)
target = classifier.index("football helmet")

# %% [markdown]
# LIME usually works with **superpixels**: patches of similar colour. A common method is SLIC. It groups pixels by colour
# and place, and knows nothing else. We ask for 15 patches.

# %%
regions = segxai.segment(photo, "slic", n_segments=15)
plots.plot_regions(photo, regions)

# %% [markdown]
# We asked for 15 and got fewer: SLIC joins patches that are too small, so `n_segments` is only a wish. The black patch
# at the bottom right is most of the helmet. The face, the hair and the suit are torn apart or mixed with other things.
# The names tell colour and place, because there is nothing else to tell.
#
# ## 2. Ask LIME
#
# LIME takes four steps. (1) Cut the photograph into patches. (2) Switch patches off at random, here 200 times. (3) Ask the
# classifier each time. (4) Fit a sum: one weight for each patch. Pictures that are close to the original count more.
#
# We use the package `lime` and the `slic` of scikit-image, as many tutorials do.

# %%
lime.lime_image.tqdm = iter  # lime 0.2.0.1 has no switch for its progress bar


def ask_lime(segmentation, seed, predict=classifier.predict):
    explainer = lime.lime_image.LimeImageExplainer(random_state=seed)
    options = {"labels": (target,), "top_labels": None, "num_samples": 200, "batch_size": 32}
    answer = explainer.explain_instance(photo, predict, segmentation_fn=segmentation, **options)
    return dict(answer.local_exp[target])


def skimage_slic(image):
    return slic(image, n_segments=15, sigma=1)


# %% [markdown]
# In notebook 00 the helmet had the largest weight for "football helmet". Here the helmet is one patch, too.
#
# **Predict before you run:** what weight will LIME give to the patch with the helmet?

# %%
labels = skimage_slic(photo)
weights = ask_lime(skimage_slic, seed=0)
print("labels on the photograph:", np.unique(labels))
print("labels with a weight:    ", np.sort(list(weights)))
print("label of the helmet:     ", labels[400, 400])

# %% [markdown]
# Something is wrong. The helmet has no weight at all, and there is a weight for label 0, which is not on the photograph.
# LIME reported no error.
#
# What did LIME do? We can watch it: on the way to the classifier, note which pixels ever changed.

# %%
changed = np.zeros(photo.shape[:2], bool)


def watched_predict(images):
    changed[:] |= (images != photo).any(axis=(0, 3))
    return classifier.predict(images)


ask_lime(skimage_slic, seed=0, predict=watched_predict)
assert not changed[labels == 10].any() and changed[labels < 10].mean() > 0.99
plots.plot_image(np.where(changed[..., None], 255, photo), "Never switched off (the rest is white)")

# %% [markdown]
# The helmet was never switched off. The reason is a matter of counting: `lime` assumes that labels are 0, 1, …, n-1.
# The `slic` of scikit-image starts at 1 (older versions started at 0). So `lime` switches a label 0 on and off that does
# not exist, and never touches the last label. Here the last one is the most important.
#
# ## 3. Your turn: repair the labels
#
# Write a function that takes any label map and returns the same patches with the numbers 0, 1, …, n-1. The numbers may
# also have gaps. The function below changes nothing yet. Hint: look up `return_inverse` of `np.unique`.


# %% tags=["exercise"]
def renumber(labels):
    return labels


# %% tags=["check"]
trial = np.array([[3, 3, 7], [9, 7, 7]])
result = np.asarray(renumber(trial))
if result.shape != trial.shape:
    print(f"Not yet: the shape {trial.shape} became {result.shape}. Try .reshape(labels.shape).")
elif np.unique(result).tolist() != [0, 1, 2]:
    print(f"Not yet: labels 3, 7, 9 became {np.unique(result).tolist()}, not 0, 1, 2.")
elif (result != [[0, 0, 1], [2, 1, 1]]).any():
    print(f"Not yet: the numbers are right, but the patches changed:\n{result}")
else:
    print("Correct: the smallest label becomes 0, the next one 1, and the patches stay.")

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# def renumber(labels):
#     return np.unique(labels, return_inverse=True)[1].reshape(labels.shape)
# ```
#
# </details>

# %% [markdown]
# ## 4. How much is chance?
#
# `segxai` always numbers regions from 0, so `regions.labels` is safe to use. We give these labels to LIME and run it four
# times. Only the seed differs, that is: which patches are switched off together. This takes about 20 seconds.
#
# **Predict before you run:** will the four runs agree on the strongest patch? On the sign of every weight?

# %%
answers = [ask_lime(lambda image: regions.labels, seed) for seed in range(4)]
runs = np.array([[answer[k] for k in range(len(regions))] for answer in answers])
print("strongest:", [regions.names[run.argmax()] for run in runs])
unsure = (runs.min(axis=0) < 0) & (runs.max(axis=0) > 0)
print(f"{unsure.sum()} of {len(regions)} weights change their sign from seed to seed")

# %% [markdown]
# All runs find the helmet now. But several weights change their sign: in one run the patch speaks for a football
# helmet, in another run against it.
#
# Where is the truth? There are only 2<sup>10</sup> = 1024 coalitions of 10 patches. `segxai` asks about each of them, so
# nothing is drawn at random and no seed is used. A smaller segmentation, explained with two seeds, shows that quickly.

# %%
few = segxai.segment(photo, "slic", n_segments=12)
one, two = (segxai.explain(photo, few, classifier, "football helmet", seed=seed) for seed in (0, 1))
print(f"two seeds differ by {np.abs(one.weights - two.weights).max():.1e}, with {len(few)} patches")
assert np.allclose(one.weights, two.weights, atol=1e-6)

# %% [markdown]
# Two seeds, one answer: the scatter is zero. Now the same ten patches that LIME was asked about, all 1024 coalitions.
# A bar shows the progress, for about 20 seconds.

# %%
exact = segxai.explain(photo, regions, classifier, "football helmet")
print(f"{exact.coalitions.evaluations} questions, all coalitions: {exact.coalitions.exact}")
assert exact.coalitions.exact and unsure.sum() >= 2 and runs.max() < exact.weights.max()
assert (runs.argmax(axis=1) == exact.weights.argmax()).all()

# %% [markdown]
# Put LIME's four runs and the exact weights into one figure.

# %%
figure = plots.DescribedFigure(figsize=(7, 4), layout="constrained")
axes = figure.subplots()
rows = np.arange(len(regions))
axes.plot(runs.ravel(), np.tile(rows, 4), "o", c=plots.ORANGE, alpha=0.6, label="lime, 4 seeds")
axes.plot(exact.weights, rows, "|", c=plots.BLUE, ms=18, mew=2.5, label="all 1024 coalitions")
axes.set(yticks=rows, yticklabels=regions.names, title="LIME four times, and exactly")
axes.set_xlabel("weight for “football helmet”")
axes.invert_yaxis()
axes.legend(loc="center right")
wide = np.ptp(runs, axis=0).mean()
figure.alt = f"Four dots per patch, {wide:.3f} wide, near its exact weight (helmet: {runs.max():.3f} at most)."
figure

# %% [markdown]
# The orange dots of a patch scatter by about the same amount everywhere. For the helmet that is little. For many other
# patches it is as much as the weight itself.
#
# One thing is odd: the helmet's dots all lie to the left of the line. Is that chance?
#
# ## 5. Settings that are easy to overlook
#
# LIME's sum is fitted by ridge regression with the penalty `alpha=1`, which pulls weights towards zero. And 200 samples
# are few; the default is 1000. To study both we need thousands of LIME runs. We can have them for free: draw rows from
# the exact table instead of asking the classifier. LIME itself fits into six lines:


# %%
def lime_from_table(samples, seed, alpha=1.0):
    rows = np.random.default_rng(seed).integers(0, 1024, samples)
    shown, probability = exact.coalitions.masks[rows], exact.coalitions.values[rows]
    distance = 1 - np.sqrt(shown.mean(axis=1))
    closeness = np.sqrt(np.exp(-(distance**2) / 0.25**2))
    return Ridge(alpha=alpha).fit(shown, probability, sample_weight=closeness).coef_


# %% [markdown]
# **Predict before you run:** how many times more samples does it take to halve the scatter? And does a larger sample
# remove the pull of `alpha`?

# %%
helmet = regions.labels[400, 400]
for samples in (50, 200, 1000):
    pulled, free = (np.array([lime_from_table(samples, s, a) for s in range(200)]) for a in (1, 0))
    print(f"{samples:4} samples: scatter {pulled.std(axis=0).mean():.4f}, helmet", end=" ")
    print(f"{pulled[:, helmet].mean():.3f} with alpha=1, {free[:, helmet].mean():.3f} with alpha=0")

# %% [markdown]
# Four times the samples give half the scatter. So more samples reduce chance, but cost more questions. The pull of `alpha`
# is strong for 50 samples, a few percent for 200, and nearly gone for 1000. `segxai` uses `alpha=0` unless you ask for more.
#
# ## 6. How much is the segmentation?
#
# So far the patches were fixed. Now we change them. Move the slider (with the mouse, or with Tab and the arrow keys) and
# watch the helmet and the face.


# %%
def draw(n_segments):
    cut = segxai.segment(photo, "slic", n_segments=n_segments)
    return plots.plot_regions(photo, cut)._repr_html_()


slider = widgets.IntSlider(15, 4, 30, continuous_update=False, description="n_segments")
picture = widgets.HTML()
widgets.dlink((slider, "value"), (picture, "value"), draw)
widgets.VBox([slider, picture])

# %% [markdown]
# The number of patches does not even grow evenly with the slider. Now explain three of these segmentations, each with all
# of its coalitions. So there is no chance in the next figure.
#
# **Predict before you run:** will the patch with the helmet get the same weight three times?

# %%
cuts = {n: segxai.segment(photo, "slic", n_segments=n) for n in (8, 10, 12, 14, 18, 20)}
by_cut = {n: segxai.explain(photo, cut, classifier, "football helmet") for n, cut in cuts.items()}
face = {n: e.weights[e.regions.labels[130, 230]] for n, e in by_cut.items()}
assert all(e.coalitions.exact for e in by_cut.values()) and face[8] < -0.05 and face[20] > 0.02
plots.plot_explanations([by_cut[n] for n in (8, 14, 20)], [f"n_segments={n}" for n in (8, 14, 20)])

# %% [markdown]
# Same photograph, same classifier, same target, no chance, and three different stories. The patch with the helmet always
# comes first, but its weight changes, and so does what else belongs to it. The face changes sides: in the first row it
# lies in a patch that speaks against "football helmet", in the last row in one that speaks for it.
#
# To compare chance with segmentation we need one scale. Write each weight on the pixels of its patch. Then look at one
# pixel: how far do its numbers scatter over seeds, and how far over segmentations?

# %%
choice = np.std([e.weights[e.regions.labels] for e in by_cut.values()], axis=0).mean()
for samples in (200, 1000):
    chance = np.std([lime_from_table(samples, s)[regions.labels] for s in range(6)], axis=0).mean()
    print(f"{samples:4} samples: seeds {chance:.4f}, segmentations {choice:.4f}, ratio {choice / chance:.0f}")
    assert 8 < choice / chance < 16 or (samples == 1000 and choice / chance > 16)

# %% [markdown]
# With 200 samples the segmentation moves the numbers about ten times as far as the seed does. More samples make
# chance smaller, but not this.
#
# The comparison has a limit. A weight belongs to a patch, not to a pixel, and a larger patch may rightly weigh more.
# But that is the point: a weight means nothing without its patch.
#
# ## 7. Patches without a meaning
#
# Which segmentation should we trust? One that cuts where the things on the photograph end. The annotation lets us measure
# that. For each thing, find the region that fits best, and compute the **IoU** (intersection over union): the pixels in
# both, divided by the pixels in either. 1 is a perfect fit.


# %%
def iou(thing, cut):
    truth = sample.annotation.mask(thing)
    found = [cut.mask(name) for name in cut.names]
    return max(np.sum(truth & mask) / np.sum(truth | mask) for mask in found)


deep = segxai.segment(photo, "features")
things = ("helmet", "face", "hair", "suit", "flag", "shuttle")
fits = np.array([[iou(thing, cut) for cut in (regions, deep)] for thing in things])
for thing, (by_slic, by_deep) in zip(things, fits, strict=True):
    print(f"{thing:8} slic {by_slic:.2f}  deep {by_deep:.2f}")
assert fits[1, 0] < 0.2 and np.mean(fits[:, 1] > fits[:, 0]) > 0.5

# %% [markdown]
# Both have about the same number of regions. SLIC happens to fit the helmet well in this cut; the face it hardly finds.
# The regions from deep features fit most things better. They are not perfect: face and hair share one region, so neither
# of the two can fit well.
#
# What does that do to the explanation? Both are exact, and both use the same scale.

# %%
semantic = segxai.explain(photo, deep, classifier, "football helmet")
strongest = sorted(deep.names, key=lambda name: -abs(dict(semantic.ranking())[name]))[:4]
assert strongest == ["black, bottom right", "orange, bottom", "beige, top", "dark red, left"]
plots.plot_explanations([exact, semantic])

# %% [markdown]
# Read the bar labels of the first row aloud. "Grey, right" has a positive weight. What is it? A part of the table, of the
# shuttle, of the wall? A patch has no meaning, so its weight has none either. In the second row you can say what
# the important regions show: helmet, suit, head, flag.
#
# Both rows agree on the main point, the helmet. That is worth more than either row alone.

# %% [markdown]
# ## The answer
#
# **How much of a LIME explanation is chance, and how much is the segmentation?** On this photograph and with 200 samples,
# the choice of `n_segments` between 8 and 20 moves a weight about ten times as far as chance does. With 1000 samples,
# LIME's default, it is more than fifteen times as far (section 6 prints the numbers). Chance can be removed altogether:
# when regions are few, ask about every coalition. The segmentation cannot be removed. It can only be chosen so that its
# regions mean something.
#
# The worst error was neither of the two. It was a label map that starts at 1: it hid the most important patch, without
# a warning.
#
# **Where this fails:** we looked at one photograph, one class, one fill and SLIC only. With 30 patches there are a
# billion coalitions; then sampling is all there is, and `segxai` gives an interval for each weight. And an exact weight
# is still a weight in a simple sum: exact is not the same as true.
#
# We want regions that mean something. A network that answers for every place can give them. Notebooks 02 to 05 build one;
# 06 returns to the astronaut. **Go on with 02.**
