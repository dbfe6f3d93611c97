"""A question with choices, answered in the browser."""
