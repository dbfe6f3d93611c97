"""Self-contained web pages of explanations and comparisons. They accept any object with the attributes that they show."""

from .comparison import comparison_fragment, write_comparison
from .page import escaped_table, explanation_fragment, figure, save_explanation, write_report

__all__ = [
    "comparison_fragment",
    "escaped_table",
    "explanation_fragment",
    "figure",
    "save_explanation",
    "write_comparison",
    "write_report",
]
