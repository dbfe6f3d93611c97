"""Coalitions of regions, and the explanations computed from them."""
