"""The outside world, one system a file, each behind a port of `orchestrator.app.ports`."""
