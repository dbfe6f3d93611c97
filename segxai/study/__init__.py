"""Studies of many photographs: explain all of them, or compare segmenters on them."""
