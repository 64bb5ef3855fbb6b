"""Builds the adapters that a verb needs; each is imported only when it is. The only composer."""

from orchestrator.cli.compose import catalog, fleets, places, plans, sites, stores

__all__ = ["catalog", "fleets", "places", "plans", "sites", "stores"]
