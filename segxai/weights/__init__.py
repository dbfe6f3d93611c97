"""Pretrained weights for the graphs in `nets`, as {variable name: NumPy array}."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .stored import take

if TYPE_CHECKING:
    from ..nets.graph import GraphSession


def assign_weights(
    net: GraphSession,
    weights: Mapping[str, Any],
    variables: list | None = None,
    source: str = "Weights",
) -> None:
    """Set the variables of a graph by name.

    Parameters
    ----------
    net : GraphSession
    weights : mapping of str to ndarray or Stored
        An array for each variable's name; others are left out.
    variables : list of tf.Variable, optional
        All variables of the graph by default.
    source : str
        Of the weights, for error messages.

    Raises
    ------
    SegxaiError
        For a missing name or a different shape; see `stored.take`.
    """
    from ..nets.graph import tf

    if variables is None:
        variables = net.graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES)
    shapes = {variable.op.name: tuple(variable.shape.as_list()) for variable in variables}
    arrays = take(weights, shapes, source)
    net.assign([(variable, arrays[variable.op.name]) for variable in variables])
