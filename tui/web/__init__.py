"""The dashboard in a browser: a process of it for each that is connected."""
