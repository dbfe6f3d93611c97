"""The classifiers to explain: black boxes that map images to class probabilities."""

from .classifier import Classifier
from .load import load_classifier
from .networks import NetClassifier

__all__ = ["Classifier", "NetClassifier", "load_classifier"]
