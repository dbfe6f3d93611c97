# %% [markdown]
# # Ask a classifier why
#
# **You will do:** show a photograph to an image classifier, divide the photograph into regions, and measure what each
# region does to the answer.
#
# **You will learn:** what a region, a coalition and a weight are; how to read the figures of this series; what LIME and
# Shapley values are, in two sentences each.
#
# **You need:** a little Python. You need no graphics card and no network connection.
#
# **Time: 20 minutes.** Run the cells from top to bottom with Shift+Enter. The computer works for about 30 seconds of it,
# on Binder perhaps twice as long; the same holds for the other notebooks.
#
# **The question:** shown the photograph below, does the classifier use the space suit, the helmet, the face, or a
# combination? The last section answers it.

# %% [markdown]
# ## 1. The photograph and the answer
#
# We start with the photograph itself. Look at it before any computer does.

# %%
import numpy as np
import segxai
from segxai import plots

photo = segxai.data.photograph("astronaut")
plots.plot_image(photo, "Eileen Collins, astronaut (photograph: NASA)")

# %% [markdown]
# You see a person in an orange space suit. On the right lies a large black helmet, and there is a model of the space
# shuttle. On the left hangs a flag.
#
# The classifier is EfficientNet-Lite0. It is a small network that was trained on the 1000 classes of ImageNet. For us it
# is a **black box**: an image goes in, 1000 probabilities come out.
#
# **Predict before you run:** which class will come first, and how sure will the classifier be?

# %%
classifier = segxai.load_classifier("efficientnet_lite0")
for name, probability in classifier.top(photo, 5):
    print(f"{probability:6.1%}  {name}")

# %% [markdown]
# The answer is wrong, and no class gets even a third of the probability. Is the network bad, or was the question unfair?
# Let us look for the right class among the 1000.

# %%
print([name for name in classifier.class_names if "space" in name or "astro" in name])
assert "astronaut" not in classifier.class_names
assert classifier.top(photo, 1)[0][1] < 1 / 3

# %% [markdown]
# There is no class "astronaut". The network must share out its probability among classes that it knows. A bobsleigh has
# people with helmets in it; so have football and go-karts. The wrong answers seem to have a common cause.
#
# "Seem" is a guess. The rest of this notebook measures it, first for the class **football helmet**.
#
# (The `assert` lines stop the notebook if a sentence of the text should no longer be true.)
#
# ## 2. Divide the photograph into regions
#
# We want to say "the helmet did it". So we need parts with a meaning. The segmenter `"deep"` finds contours and joins
# what lies between them, where a network sees similar things. Nobody marked anything in this photograph for it. (One of
# its two networks is the classifier's own. Remember that when we compare "deep" with superpixels.)

# %%
regions = segxai.segment(photo, "deep", n_regions=12, names="place")
plots.plot_regions(photo, regions)

# %% [markdown]
# Each **region** has a name, but the name only tells colour and place. The computer does not know what it has found. You
# do. So point at some places (row, column), and give the regions there a name of your own.


# %%
def name_at(row, column):
    return regions.names[regions.labels[row, column]]


regions = regions.rename({name_at(130, 230): "face", name_at(400, 400): "helmet"})
badges = {name for name in regions.names if name.startswith(("white, bottom", "purple"))}
suit = {name_at(350, 150), name_at(220, 200), *badges}
named = {"face", "helmet", "dark red, left"} | suit
regions = regions.merge({"suit": suit, "background": set(regions.names) - named})
plots.plot_regions(photo, regions)

# %% [markdown]
# Now three regions are called helmet, face and suit. We merged the orange suit with its dark collar and its badges, and
# what lies behind the astronaut into "background". Notice that the borders are not perfect, and that "face" includes the
# hair. An explanation can never be finer than its regions.
#
# ## 3. Ask about every coalition
#
# We cannot look into a black box, but we can ask it again. Switch some regions off, which means: paint them in their own
# mean colour. Then ask for the probability of "football helmet". A choice of regions that stay on is a **coalition**.
# With K regions there are 2 × 2 × … = 2<sup>K</sup> coalitions. That is few enough to ask about every one of them.
#
# LIME (local interpretable model-agnostic explanations; Ribeiro, Singh and Guestrin 2016) then fits the simplest model
# there is, a sum (the **surrogate**): a starting value, plus one **weight** for each region that is on.
#
# **Predict before you run:** which region gets the largest weight for "football helmet"? Does any region get a negative one?

# %%
explanation = segxai.explain(photo, regions, classifier, target="football helmet")
explanation.plot()

# %% [markdown]
# **How to read the figure.** Left: the regions with their names. Middle and right: the weights. Blue with a plus sign
# means "showing this region raises the probability". Orange with a minus sign means "lowers it". The helmet stands out.
# A few regions get a negative weight, but a small one.
#
# R² says how much of all the answers this simple sum explains: 1 would be everything. Let us see how many questions were
# asked.

# %%
table = explanation.coalitions
print(f"{len(regions)} regions, {table.evaluations} questions, all coalitions: {table.exact}")
assert table.exact and table.evaluations == 2 ** len(regions)
assert explanation.ranking()[0][0] == "helmet" and explanation.weights.min() < 0

# %% [markdown]
# Every coalition was asked about, so there is no luck in these weights. All answers are kept in a table. From now on we
# mostly read that table and leave the classifier alone.
#
# ## 4. Switch the helmet off
#
# A weight is a summary. One row of the table is a plain fact: the answer to one question. Look up the answer with
# everything on but the helmet.
#
# **Predict before you run:** take the probability of the whole photograph and subtract the weight of the helmet. Will
# the answer be near that number?

# %%
all_but_helmet = np.array(regions.names) != "helmet"
weight = dict(explanation.ranking())["helmet"]
print(f"whole photograph:          {table.full:.3f}")
print(f"minus the helmet's weight: {table.full - weight:.3f}")
print(f"helmet really off:         {table.value_of(all_but_helmet):.3f}")

# %% [markdown]
# Almost nothing is left: the drop is larger than the weight. A weight is an average over many coalitions. The helmet
# does more when the other regions are on as well, so here it does more than on average. A sum of weights cannot say that.
#
# What did the classifier see when we asked this question? We can paint the same picture.

# %%
painted = np.where(regions.mask("helmet")[..., None], table.filled, photo)
assert table.value_of(all_but_helmet) < min(table.full - weight, table.full / 5)
plots.plot_image(painted, "The helmet is off: painted in its mean colour")

# %% [markdown]
# "Off" does not mean "gone". There is still a dark shape with a round edge. The colour that is painted is called the
# **fill**. Keep this picture in mind: every number in this series answers a question about pictures like this one.
#
# ## 5. Your turn: only the helmet
#
# Is the helmet alone enough? Make a coalition that shows the helmet and nothing else. As above it is an array with one
# True or False for each region. The line below shows everything. Change it, then run the check.

# %% tags=["exercise"]
only_helmet = np.ones(len(regions), bool)

# %% tags=["check"]
shown = [name for name, on in zip(regions.names, np.ravel(only_helmet), strict=False) if on]
if np.shape(only_helmet) != (len(regions),):
    print(f"Not yet: one True or False for each of the {len(regions)} regions is needed.")
elif shown == ["helmet"]:
    print(f"Correct. Alone it gives {table.value_of(only_helmet):.3f}, everything {table.full:.3f}.")
elif "helmet" not in shown:
    print(f"Not yet: the helmet must be on. Now {len(shown)} regions are on: {shown}.")
else:
    print(f"Not yet: {len(shown)} regions are on, it should be one. Compare names with 'helmet'.")

# %% [markdown] tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# only_helmet = np.array(regions.names) == "helmet"
# ```
#
# </details>

# %% [markdown]
# ## 6. Share out the probability fairly
#
# LIME counts coalitions that are close to the whole photograph more than others. **Shapley values** use another rule.
# Switch the regions on one after the other, in every possible order. A region's value is the rise that it brings, averaged
# over all orders.
#
# Both are read from the same table. `refit` asks the classifier nothing.

# %%
shapley = explanation.refit("shapley")
plots.plot_explanations([explanation, shapley], ["LIME", "Shapley"])

# %% [markdown]
# The helmet is first by far with either rule, and the three strongest regions come in the same order. The numbers
# differ. Both rules are a matter of choice, so trust what they agree on.
#
# Shapley values have one more property: they add up to the rise from nothing shown to everything shown. So we may speak
# of shares.

# %%
total = table.full - table.empty
shares = {name: value / total for name, value in shapley.ranking()}
for name, share in shares.items():
    print(f"{share:6.1%}  {name}")
by_lime = dict(explanation.ranking())
assert list(by_lime)[:3] == ["helmet", "suit", "face"] and list(shares)[:3] == ["helmet", "suit", "face"]
assert by_lime["helmet"] > 2 * by_lime["suit"]
assert np.isclose(sum(shares.values()), 1) and 0.6 < shares["helmet"] < 0.7
assert min(shares, key=shares.get) == "background" and shares["background"] < 0

# %% [markdown]
# About two thirds of the rise to "football helmet" belong to the helmet, and between a fifth and a quarter each to suit
# and face. Together that is more than 100 %: the background has a negative share.
#
# But "football helmet" was only the second answer. The table also holds the other top classes. What did "bobsleigh" come
# from?

# %%
bobsleigh = explanation.refit("shapley", target="bobsleigh")
plots.plot_explanations([shapley, bobsleigh], ["football helmet", "bobsleigh"])

# %% [markdown]
# The same photograph, the same classifier, another class, another reason. For "bobsleigh" three regions matter
# much, and even the flag helps. The colour scale is shared, so the two rows may be compared.
#
# R² in the second row is below 1: a sum of weights leaves something out. So we go back to the table and read plain facts:
# each of the three regions alone, then all three.

# %%
three = [name for name, value in bobsleigh.ranking()[:3]]
for names in ([three[0]], [three[1]], [three[2]], three):
    probability = bobsleigh.coalitions.value_of(np.isin(regions.names, names))
    print(f"{probability:.3f}  {' + '.join(names)}")
    assert (probability > 0.1) == (names == three)
assert set(three) == {"helmet", "suit", "face"} and bobsleigh.r2 < 0.9
assert dict(bobsleigh.ranking())["dark red, left"] > 0

# %% [markdown]
# Each of them alone gives next to nothing. Together they give much more. That is a combination in the strict sense: the
# parts work together. An R² below 1 is the sign that tells you to look for one.

# %% [markdown]
# ## 7. Where this fails
#
# We chose the fill. Would another fill have given another answer? This time the classifier must be asked again.

# %%
for fill in ("mean", "blur", "black"):
    other = segxai.explain(photo, regions, classifier, "football helmet", fill=fill)
    print(f"{fill:6}", ", ".join(f"{name} {weight:+.3f}" for name, weight in other.ranking()[:3]))
    assert [name for name, _ in other.ranking()[:2]] == ["helmet", "suit"]

# %% [markdown]
# The helmet comes first with each fill. The size of its weight changes. The suit comes second each time; the third place
# changes. Trust the large differences, not the third digit. And if the first place changes with the fill, say so.

# %% [markdown]
# ## 8. Keep the explanation
#
# Save it as one web page. The page needs no Python: the whole table is inside, so regions can be switched off there, too.

# %%
from IPython.display import FileLink

explanation.save("reports/00_astronaut.html")
FileLink("reports/00_astronaut.html")

# %% [markdown]
# Open the link. Click regions, or reach them with the Tab key and press Enter. In JupyterLab first press "Trust HTML" at
# the top of the page.
#
# ## The words of this series
#
# | word | meaning |
# | --- | --- |
# | **region** | a part of the photograph with a name; every pixel belongs to exactly one region |
# | **superpixel** | a small region of similar colour, made without knowing what is on the photograph |
# | **coalition** | a choice of regions that are shown; the others are switched off |
# | **fill** | what a switched-off region shows instead, for instance its mean colour |
# | **target** | the class whose probability is explained |
# | **surrogate** | a simple model that imitates the classifier near one photograph, here a sum |
# | **weight** | what showing a region adds to the target's probability, according to the surrogate |
# | **R²** | how much of all the answers the sum explains: 1 is everything, 0 is no more than one fixed number |
# | **kernel width** | how far from the whole photograph a coalition may be and still count for LIME (07) |
# | **Shapley value** | a region's effect, averaged over all orders; the values add up to the rise from nothing shown to everything |
# | **Owen value** | the Shapley value of a part, where the parts of a thing come and go as one for the other regions (06) |
# | **interaction** | what two regions do together beyond what each does by itself (06) |
# | **contrast** | what speaks for one class *rather than* for another (06) |
# | **annotation** | what a person outlined on the photograph and named (01) |
# | **segmenter** | what divides a photograph into regions; **semantic** when its regions are things with names (04, 06) |
# | **stride** | how many pixels of the photograph one place of a network's map stands for (02) |
# | **score head** | the layer that gives each class a score; scores become probabilities (04) |
# | **FCN** | a fully convolutional network: it answers for every pixel (02 to 04) |
# | **IoU** | intersection over union: the pixels in both, divided by the pixels in either; 1 is a perfect fit (01) |
# | **CRF** | a model that lets borders follow the photograph (05) |
# | **sufficient**, **necessary** | shown alone it keeps at least half of the probability; without it less than half is left (06) |
# | **placebo** | a hole of the same shape elsewhere: does any hole do? (06) |
# | **insertion**, **deletion** | how fast the answer rises, or falls, as regions are shown, or taken away (08) |

# %% [markdown]
# ## The answer
#
# **Suit, helmet, face, or a combination?** It depends on the class you ask about. "Football helmet" comes mostly from the
# helmet: about two thirds of the rise are its share, and without it almost nothing is left. "Bobsleigh" comes from a
# combination: suit, face and helmet all count, and none of them does much alone. A likely reason for the wrong
# answers: the classifier has no word for an astronaut, and uses words for people with helmets.
#
# What we did **not** learn: what the classifier does with other photographs, and whether it uses the shape or the colour
# of the helmet. An explanation is about one photograph, its regions and its fill.
#
# ### The series
#
# - **00_start_here**: ask a classifier why (this notebook)
# - **01_explain_with_superpixels**: how much of a LIME explanation is chance, and how much is the segmentation? **Go on
#   here.**
# - **02_look_inside_vgg16**: what does a network see at each layer, and how does it become fully convolutional?
# - **03_upsample_bilinearly**: how does a coarse map become as large as the photograph?
# - **04_fit_one_cat**: can ten steps on one photograph teach a network to segment it?
# - **05_sharpen_with_crf**: can the photograph itself sharpen the borders?
# - **06_explain_with_semantic_regions**: suit, helmet, face, or a combination? The question again, with regions that have
#   names.
# - **07_compare_segmenters**: what changes when you change the regions, the fill or the method? You try it by hand.
# - **08_measure_explanations**: is a semantic explanation really better, and how would we know?
# - **09_paint_your_own_regions**: how much must *you* paint before an explanation can speak of your things?
# - **10_catch_clever_hans**: a classifier cheats. Which explanation shows it?
