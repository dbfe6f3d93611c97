"""Self-contained web pages of explanations and comparisons.

They lie below what they show, and read its attributes.
"""

from .page import (
    check_page_path,
    comparison_fragment,
    explanation_fragment,
    figure,
    file_ending,
    rendered,
    save_explanation,
    write_comparison,
    write_explorer,
    write_report,
)

__all__ = [
    "check_page_path",
    "comparison_fragment",
    "explanation_fragment",
    "figure",
    "file_ending",
    "rendered",
    "save_explanation",
    "write_comparison",
    "write_explorer",
    "write_report",
]
