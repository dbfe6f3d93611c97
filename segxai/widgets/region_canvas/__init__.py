"""A photograph whose regions react to mouse and keyboard."""
