"""One widget a file; each draws lines of its own, none lays out cells."""
