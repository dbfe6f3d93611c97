"""Segmenters: a photograph in, `Regions` out."""
