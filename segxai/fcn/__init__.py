"""The fully convolutional network: to hold, to fit to one photograph, and to segment with."""
