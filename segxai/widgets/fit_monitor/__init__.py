"""Watch a network learn one photograph."""

from .monitor import FineTuneMonitor

__all__ = ["FineTuneMonitor"]
