"""`python -m orchestrator.cli` is the same as `qorch`."""

from orchestrator.cli.main import main

main()
