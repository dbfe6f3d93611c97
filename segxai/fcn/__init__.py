"""Fully convolutional networks: build them, fit them to one photograph, and segment with them."""
