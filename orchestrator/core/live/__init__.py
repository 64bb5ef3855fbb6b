"""The fleet as it is watched: readings of its sources, and the snapshot that is made of them."""
