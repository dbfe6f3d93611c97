"""Coalitions of regions, and the explanations that are computed from them."""
