"""Networks as tf-slim graphs. This package only builds graphs; weights are loaded in `segxai.weights`."""
