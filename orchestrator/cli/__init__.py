"""The command line: verbs and flags; builds the adapters, calls the use cases, prints. The only composer."""

from orchestrator.cli.main import main

__all__ = ["main"]
