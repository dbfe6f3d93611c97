"""A row of labelled controls."""
