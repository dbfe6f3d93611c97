"""Pretrained weights for the graphs in `nets`, as {variable name: NumPy array}."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..errors import SegxaiError

if TYPE_CHECKING:
    from ..nets.graph import GraphSession


def assign_weights(
    net: GraphSession, weights: Mapping[str, np.ndarray], variables: list | None = None
) -> None:
    """Set the variables of a graph by name.

    Parameters
    ----------
    net : GraphSession
    weights : mapping of str to ndarray
        An array for each variable's name; others are left out.
    variables : list of tf.Variable, optional
        All variables of the graph by default.

    Raises
    ------
    SegxaiError
        For a missing name or a different shape.
    """
    from ..nets.graph import tf

    if variables is None:
        variables = net.graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES)
    values = []
    for variable in variables:
        name = variable.op.name
        if name not in weights:
            raise SegxaiError(
                f"The weights lack the variable {name!r}; they belong to another network."
            )
        if tuple(variable.shape) != weights[name].shape:
            raise SegxaiError(
                f"Variable {name!r} has shape {weights[name].shape}; "
                f"the network expects {tuple(variable.shape)}."
            )
        values.append((variable, weights[name]))
    net.assign(values)
