"""Objects to rows, text, JSON and YAML; shared by the command line and the TUI."""
