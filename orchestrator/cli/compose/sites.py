"""What there is to run on: this host, hosts that are described, nodes of a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.cli.compose import catalog, places

if TYPE_CHECKING:
    from orchestrator.core.inventory import Inventory, Site


def inventory() -> Inventory:
    """What is on this machine."""
    from orchestrator.adapters.probe import probe

    return probe(places.own().cache)


def memory_available_bytes() -> int:
    """What this host has left for more replicas."""
    from orchestrator.adapters.host import probe_host

    return probe_host(places.own().cache).memory_available_bytes


def described_site(hardware: str) -> Site:
    """The hosts that a file or a line of shorthand describes."""
    from orchestrator.adapters.described_site import parse_site
    from orchestrator.adapters.hardware_file import read_site

    path = Path(hardware)
    return read_site(path, catalog.gpu_table()) if path.is_file() else parse_site(hardware, catalog.gpu_table())


def probe_jobs(kubeconfig: Path | None, context: str | None, namespace: str | None, image: str) -> list[dict[str, Any]]:
    """For the nodes of a cluster whose GPUs no label names."""
    from orchestrator.adapters import cluster_probe
    from orchestrator.adapters.kubernetes_api import connect

    return cluster_probe.probe_jobs(connect(kubeconfig, context), image, namespace)
