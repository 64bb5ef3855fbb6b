"""Which fleets there are, on this host and in clusters."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orchestrator.cli.compose import places
from orchestrator.cli.compose.places import ClusterPlace

HOST = "this host"


@dataclass(frozen=True)
class FleetPlace:
    """One fleet; `where` is its place for people."""

    name: str
    where: str
    place: ClusterPlace | None  # None: this host


def fleets_at(place: ClusterPlace | None, all_namespaces: bool) -> tuple[FleetPlace, ...]:
    """Those of this host, or of a cluster's namespace or all of them; raises QorchError where a cluster cannot tell."""
    return _host_fleets() if place is None else _cluster_fleets(place, all_namespaces)


def where(place: ClusterPlace | None) -> str:
    """A place for people, before it has been asked."""
    if place is None:
        return HOST
    return "/".join(filter(None, (place.context or "cluster", place.namespace)))


def _host_fleets() -> tuple[FleetPlace, ...]:
    from orchestrator.adapters.fleet_files import fleet_names

    return tuple(FleetPlace(name, HOST, None) for name in fleet_names(places.own().state))


def _cluster_fleets(place: ClusterPlace, all_namespaces: bool) -> tuple[FleetPlace, ...]:
    from orchestrator.adapters.kuberay.fleets import fleets_in
    from orchestrator.adapters.kubernetes_api import connect

    api = connect(place.kubeconfig, place.context)
    found = fleets_in(api, None if all_namespaces else place.namespace or api.namespace)
    return tuple(
        FleetPlace(name, f"{api.context}/{namespace}", replace(place, namespace=namespace)) for namespace, name in found
    )
