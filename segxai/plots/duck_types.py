"""Types of the objects that figures and pages show.

Plots and reports lie below explanations and comparisons in the package, so they cannot import their classes. They accept any
object with the attributes that they read.
"""

from __future__ import annotations

from typing import Any, TypeAlias

Explained: TypeAlias = Any  # with the attributes of an `Explanation`
Checked: TypeAlias = Any  # with the attributes of a `Robustness` or a `Placebo`
Measured: TypeAlias = Any  # with the attributes of a `Curve`
Studied: TypeAlias = Any  # with the attributes of a `Comparison` or a `ManyExplanations`
