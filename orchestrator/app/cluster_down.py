"""`qorch down` in a cluster: exactly the fleet's objects; its Secret and its volumes of weights stay."""

from __future__ import annotations

from orchestrator.app.cluster_fleet import ClusterFleet
from orchestrator.app.ports import Reporter


def cluster_down(fleet: ClusterFleet, reporter: Reporter) -> tuple[str, ...]:
    """The names of what was removed; raises QorchError."""
    fleet.require_own("down")
    reporter.phase("down", "replicas finish what they are answering")
    return fleet.cluster.remove()
