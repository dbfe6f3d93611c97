"""Static figures of regions, explanations, checks and comparisons.

They lie below what they draw, and read its attributes; matplotlib is imported with the first
figure.
"""

import logging

import lazy_loader

# A cache folder that cannot be written changes no figure, so matplotlib need not report it.
logging.getLogger("matplotlib").setLevel(logging.ERROR)

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["numbers"],
    submod_attrs={
        "draw": [
            "BLUE", "INK", "ORANGE", "ORANGE_BLUE", "DescribedFigure", "cut_out", "draw_borders",
            "panels", "show", "widest_place",
        ],
        "figures": [
            "NO_NAMES", "describe", "plot_comparison", "plot_curves", "plot_effects",
            "plot_explanations", "plot_image", "plot_interactions", "plot_placebo",
            "plot_regions", "plot_robustness", "plot_tree", "plot_weights",
        ],
    },
)  # fmt: skip
