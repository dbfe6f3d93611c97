"""Segmenters: a photograph in, `Regions` out. One file for each family; `registry.py` lists them."""
