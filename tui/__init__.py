"""The fleet in a terminal: draws what `orchestrator.views.live` makes of a snapshot, and takes keys."""
