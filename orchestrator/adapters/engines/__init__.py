"""The inference engines, one a file."""
