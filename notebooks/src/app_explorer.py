# %% [markdown]
# # What does the classifier look at?
#
# Choose a photograph, or bring your own. Point at a region to read its weight: blue
# supports the class, orange opposes it. Click a region to switch it off; the
# classifier's answer without it is read from a table, at once. The notebooks of this
# course say how the weights are made, and how far they can be trusted. Others let you
# [watch a network learn one photograph](09_fit_one_cat.ipynb) and [paint regions of
# your own](10_teach_your_own_regions.ipynb).

# %%
from segxai.widgets.app import ExplorerApp

app = ExplorerApp()
app
