"""Networks as tf-slim graphs: graphs only, no files, no pictures."""
