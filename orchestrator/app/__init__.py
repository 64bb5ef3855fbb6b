"""Use cases, one file a verb, over the protocols in `ports`."""
