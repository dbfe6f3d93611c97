"""Self-contained web pages of explanations and comparisons.

They lie below what they show, and read its attributes.
"""

from .page import (
    check_page_path,
    figure,
    rendered,
    save_explanation,
    write_explorer,
    write_page,
    write_report,
)

__all__ = [
    "check_page_path",
    "figure",
    "rendered",
    "save_explanation",
    "write_explorer",
    "write_page",
    "write_report",
]
