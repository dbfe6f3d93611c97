"""Watch a network learn one photograph."""
