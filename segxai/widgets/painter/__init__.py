"""Paint an annotation on a photograph; fit a network to it and explain with what it finds."""
