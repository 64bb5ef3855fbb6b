"""What is watched, as cells and lines: the terminal dashboard, its text and its exports share them."""
