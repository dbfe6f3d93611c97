"""Segmenters, which divide a photograph into `Regions`.

One file for each family, all listed in `registry.py`.
"""
