"""Segmenters, which divide a photograph into `Regions`: one file for each family, all listed in `registry.py`."""
