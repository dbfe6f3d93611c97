"""The registry of methods: how each one's coalitions are drawn, and how weights are computed.

`explain`, `Explanation.refit`, the command line, the widgets and the pages read it. CONTRIBUTING.md
says how to add one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..errors import SegxaiError, SegxaiValueError, one_of
from . import surrogates
from .coalitions import Coalitions
from .surrogates import Fit

KERNEL_WIDTH, ALPHA = 0.25, 0.0  # of LIME's fit, unless chosen


@dataclass(frozen=True)
class Method:
    """How weights are computed from coalitions.

    Attributes
    ----------
    title : str
        What people call it, e.g. in a list to choose from.
    solve : callable or None
        ``solve(table, kernel_width, alpha) -> Fit``. None if the method chooses its
        coalitions itself while it evaluates them, as the tree does, and has no settings.
    sample : mapping or None
        How much of each size a sample holds at least, as shares of what "lime", "shapley" and
        "banzhaf" need: most for this method, some for refits by others. None if it needs every
        coalition.
    """

    title: str
    solve: Callable[..., Fit] | None
    sample: Mapping[str, float] | None = None


def _unset(fit: Callable[..., Fit]) -> Callable[..., Fit]:
    """Return `Method.solve` for a fit that has no settings."""
    return lambda table, *_: fit(table.masks, table.values, table.exact, table.log_importance)


# Much of LIME's sample is drawn as for Banzhaf values, for its surrogate errs most where little is
# shown, and its kernel looks little there.
METHODS = {
    "lime": Method(
        "LIME",
        lambda table, kernel_width, alpha: surrogates.fit_lime(
            table.masks, table.values, table.exact, kernel_width, alpha, table.log_importance
        ),
        {"lime": 0.1, "shapley": 0.03, "banzhaf": 0.87},
    ),
    "shapley": Method(
        "Shapley",
        _unset(surrogates.fit_shapley),
        {"lime": 0.1, "shapley": 0.8, "banzhaf": 0.1},
    ),
    "banzhaf": Method(
        "Banzhaf",
        _unset(surrogates.fit_banzhaf),
        {"lime": 0.1, "shapley": 0.08, "banzhaf": 0.82},
    ),
    "owen": Method(
        "Owen",
        lambda table, *_: surrogates.fit_owen(
            table.masks, table.values, table.hierarchy or tuple(range(table.masks.shape[1]))
        ),
    ),
    "tree": Method("Tree", None),
}


def method_named(name: str) -> Method:
    """Look a method up.

    Parameters
    ----------
    name : str
        One of METHODS.

    Returns
    -------
    method : Method
        Its record.

    Raises
    ------
    SegxaiValueError
        For an unknown method.
    """
    return METHODS[one_of("method", name, METHODS)]


def check_method(
    method: str = "lime", kernel_width: float = KERNEL_WIDTH, alpha: float = ALPHA
) -> None:
    """Check a method and its settings.

    Shapley, Banzhaf and Owen values do not use the settings, but keep them for a later `refit`.

    Parameters
    ----------
    method : str
        One of METHODS.
    kernel_width, alpha : float
        See `surrogates.fit_lime`.

    Raises
    ------
    SegxaiValueError
        For an unknown method, or settings out of range or without effect.
    """
    record = method_named(method)
    surrogates.check_settings(kernel_width, alpha)
    if record.solve is None and (kernel_width, alpha) != (KERNEL_WIDTH, ALPHA):
        raise without_settings(method)


def without_settings(method: str) -> SegxaiValueError:
    """Return the error for LIME's settings given to a method that would drop them.

    Parameters
    ----------
    method : str
        Its name.

    Returns
    -------
    error : SegxaiValueError
        To be raised.
    """
    return SegxaiValueError(
        f"kernel_width and alpha belong to LIME's fit; method {method!r} has none: leave them out."
    )


def needs_all(what: str, number: int) -> SegxaiError:
    """Return the error for what needs every coalition where only some were evaluated.

    Parameters
    ----------
    what : str
        That needs them, e.g. a method.
    number : int
        Of regions.

    Returns
    -------
    error : SegxaiError
        To be raised.
    """
    return SegxaiError(
        f"{what} needs every coalition, and {number} regions have 2**{number}, of which only a "
        "sample is evaluated. Use at most 10 regions (of a tree, those of "
        "explanation.coarsen(10)), or raise max_evaluations."
    )


def solve(table: Coalitions, method: str, kernel_width: float, alpha: float) -> Fit:
    """Compute weights from a finished table, without evaluating the classifier.

    Parameters
    ----------
    table : Coalitions
        To fit.
    method : str
        One of METHODS.
    kernel_width, alpha : float
        See `surrogates.fit_lime`.

    Returns
    -------
    fit : Fit
        Weights and their intervals.

    Raises
    ------
    SegxaiError
        For a method that cannot be computed from this table.
    """
    record = method_named(method)
    if record.solve is None:
        raise SegxaiError(
            f"method {method!r} chooses its own coalitions: "
            f"call explain(image, regions, method={method!r})."
        )
    if record.sample is None and not table.exact:
        raise needs_all(f"method {method!r}", len(table.game.regions))
    return record.solve(table, kernel_width, alpha)
