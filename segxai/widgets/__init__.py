"""Widgets for the classroom.

Whatever can be answered in the browser is answered there: the kernel may be far away.

Examples
--------
>>> from segxai.widgets import ExplanationExplorer      # doctest: +SKIP
>>> ExplanationExplorer("photo.jpg")                    # doctest: +SKIP
"""

try:
    import anywidget as _anywidget  # noqa: F401
except ImportError as error:
    from ..errors import SegxaiError

    raise SegxaiError(
        f"The widgets need {error.name}. "
        "Install the classroom's packages: pip install 'segxai[lab]'"
    ) from error

from .explorer.explorer import ExplanationExplorer
from .fit_monitor.monitor import FineTuneMonitor
from .painter.painter import AnnotationPainter
from .quiz.quiz import Quiz
from .region_canvas.canvas import RegionCanvas

__all__ = ["AnnotationPainter", "ExplanationExplorer", "FineTuneMonitor", "Quiz", "RegionCanvas"]
