"""Measurements that compare, side by side, in one run: ratios, since machines differ and are never quiet."""
