"""Decisions: frozen dataclasses and pure functions, with no third-party imports and no I/O."""
