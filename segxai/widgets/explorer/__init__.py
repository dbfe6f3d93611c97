"""Explanations of one photograph side by side, with everything that changes them."""
