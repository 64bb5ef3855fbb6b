"""Fleets that run, on this host or in a cluster, and what is read of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.cli.compose import catalog, places

if TYPE_CHECKING:
    from orchestrator.adapters.bare_host import BareHost
    from orchestrator.adapters.fleet_files import FleetFiles
    from orchestrator.adapters.gpu_watch import GpuWatch
    from orchestrator.adapters.host_watch import HostWatch
    from orchestrator.adapters.kuberay.watch import ClusterWatch
    from orchestrator.adapters.load_clients import LoadClients
    from orchestrator.adapters.scaling_history import ScalingHistory
    from orchestrator.app.cluster_fleet import ClusterFleet
    from orchestrator.app.cluster_history import ClusterHistory
    from orchestrator.app.history_port import KeepsHistory
    from orchestrator.app.ports import KeepsDecisions, Running, Watch
    from orchestrator.cli.compose.places import ClusterPlace
    from orchestrator.cli.operator_process import OperatorProcess, Orders
    from orchestrator.core.deployment import DeploymentSpec
    from orchestrator.core.scaling.pool_state import PoolState


def runtime(fleet: str) -> BareHost:
    from orchestrator.adapters.bare_host import BareHost

    return BareHost(places.own().state, fleet)


def running(fleet: str, place: ClusterPlace | None) -> Running:
    """A fleet of this host, or of a cluster."""
    return runtime(fleet) if place is None else cluster_fleet(fleet, place)


def cluster_fleet(fleet: str, place: ClusterPlace) -> ClusterFleet:
    """A fleet in a cluster."""
    from orchestrator.adapters.kuberay import KubeRayCluster
    from orchestrator.adapters.kubernetes_api import connect
    from orchestrator.app.cluster_fleet import ClusterFleet

    cluster = KubeRayCluster(connect(place.kubeconfig, place.context), place.namespace, fleet)
    file = str(place.kubeconfig) if place.kubeconfig else None
    return ClusterFleet(cluster, {each.name: each for each in catalog.profiles()}, file)


def watch(fleet: str, place: ClusterPlace | None, every_s: float) -> Watch:
    """The sources of a fleet of this host, or of a cluster; raises EnvironmentNotReady where there is none."""
    return _host_watch(fleet, every_s) if place is None else _cluster_watch(fleet, place)


def _host_watch(fleet: str, every_s: float) -> HostWatch:
    from orchestrator.adapters.host_watch import HostWatch
    from orchestrator.adapters.scaling_history import ScalingHistory

    history = ScalingHistory(_fleet_files(fleet).history_path)
    return HostWatch(runtime(fleet), history, _gpu_watch(every_s))


@cache
def _gpu_watch(every_s: float) -> GpuWatch:
    """One for all fleets of this host: their GPUs are the same."""
    from orchestrator.adapters.gpu_watch import GpuWatch

    return GpuWatch(every_s)


def _cluster_watch(name: str, place: ClusterPlace) -> ClusterWatch:
    from orchestrator.adapters.kuberay.watch import ClusterWatch
    from orchestrator.adapters.kubernetes_api import connect
    from orchestrator.core.errors import EnvironmentNotReady

    fleet = cluster_fleet(name, place)
    if fleet.deployed() is None:
        raise EnvironmentNotReady(f"there is no fleet {name!r} {fleet.where}", hint=fleet.command("up"))
    return ClusterWatch(connect(place.kubeconfig, place.context), place.namespace, name)


def demo_recording() -> Path:
    """A recording that comes with qorch, of a fleet that is simulated."""
    from orchestrator.adapters.demo_fleet import RECORDING

    return RECORDING


def decisions(fleet: str, place: ClusterPlace | None) -> KeepsDecisions:
    """What the fleet decided, on this host or in a cluster."""
    return _scaling_history(fleet) if place is None else cluster_fleet(fleet, place)


def history(fleet: str, place: ClusterPlace | None) -> KeepsHistory:
    """What the fleet recorded, on this host or in a cluster; raises EnvironmentNotReady where there is no fleet."""
    return _scaling_history(fleet) if place is None else _cluster_history(fleet, place)


def scaling_state(fleet: str, place: ClusterPlace | None) -> PoolState | None:
    """What a fleet has learned; None where nothing can be read of it."""
    if place is not None:
        return _cluster_history(fleet, place).learned()
    from orchestrator.adapters.scaling_file import read_state

    with suppress(ValueError):
        return read_state(_fleet_files(fleet).scaling_path)
    return None


def _cluster_history(fleet: str, place: ClusterPlace) -> ClusterHistory:
    from orchestrator.app.cluster_history import ClusterHistory

    return ClusterHistory(cluster_fleet(fleet, place))


def _scaling_history(fleet: str) -> ScalingHistory:
    from orchestrator.adapters.scaling_history import ScalingHistory

    return ScalingHistory(_fleet_files(fleet).history_path)


def _fleet_files(fleet: str) -> FleetFiles:
    from orchestrator.adapters.fleet_files import FleetFiles
    from orchestrator.core.errors import EnvironmentNotReady
    from orchestrator.core.fleet import command

    files = FleetFiles(places.own().state, fleet)
    if not files.exist:
        raise EnvironmentNotReady(f"there is no fleet {fleet!r} on this host", hint=command("up", fleet))
    return files


def load_clients(spec: DeploymentSpec, api_key: str | None) -> LoadClients:
    """Clients of a fleet on this host."""
    from orchestrator.adapters.bare_host import endpoint_url
    from orchestrator.adapters.load_clients import LoadClients

    return LoadClients(f"{endpoint_url(spec)}/v1", spec.model, api_key)


def operator_process(
    kubeconfig: Path | None, context: str | None, orders: Orders, identity: str | None, say: Callable[[str], None]
) -> OperatorProcess:
    """What looks after a cluster's QwenFleets; without an identity nobody else is taken to."""
    from orchestrator.adapters.kubernetes_api import connect
    from orchestrator.adapters.lease import Lease
    from orchestrator.cli.fleet_planner import FleetPlanner
    from orchestrator.cli.operator_process import OperatorProcess
    from orchestrator.core.qwen_fleet.kind import MANAGER

    api = connect(kubeconfig, context, MANAGER)
    lease = Lease(api, api.namespace, MANAGER, identity, time.monotonic) if identity else None
    planner = FleetPlanner(catalog.profiles(), catalog.gpu_table(), catalog.predictor())
    return OperatorProcess(api, planner, orders, lease, say)
