# %% [markdown]
# # What does the classifier look at?
#
# Choose a photograph, or bring your own. Point at a region to read its weight: blue supports the class, orange speaks
# against it. Click a region to switch it off; the classifier's answer without it is read from a table, at once. The
# notebooks of this course say how the weights are made, and how far they can be trusted.

# %%
from segxai.widgets.app import ExplorerApp

app = ExplorerApp()
app
