"""Many photographs: explain them all, compare segmenters on them, here or on a cluster."""
