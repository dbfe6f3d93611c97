"""Networks as tf-slim graphs; their weights are loaded in `segxai.weights`."""
