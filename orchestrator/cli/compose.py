"""Builds the adapters that a verb needs; each is imported only when it is."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.adapters.bare_host import BareHost
    from orchestrator.adapters.fleet_files import FleetFiles
    from orchestrator.adapters.host_watch import HostWatch
    from orchestrator.adapters.key_store import KeyStore
    from orchestrator.adapters.kuberay.watch import ClusterWatch
    from orchestrator.adapters.load_clients import LoadClients
    from orchestrator.adapters.scaling_history import ScalingHistory
    from orchestrator.app.cluster_fleet import ClusterFleet
    from orchestrator.app.ports import KeepsDecisions, Running, Watch
    from orchestrator.app.weights import WeightsStore
    from orchestrator.cli.operator_process import OperatorProcess, Orders
    from orchestrator.core.cluster.toleration import Toleration
    from orchestrator.core.deployment import DeploymentSpec
    from orchestrator.core.gpu_table import GpuTable
    from orchestrator.core.inventory import Inventory, Site
    from orchestrator.core.manifests.settings import ClusterSettings
    from orchestrator.core.plan import FitPlan
    from orchestrator.core.planned import Planned
    from orchestrator.core.predict import Predictor
    from orchestrator.core.profile import Profile
    from orchestrator.core.scaling.pool_state import PoolState
    from orchestrator.core.wish import Wish


@dataclass(frozen=True)
class ClusterPlace:
    """Where in which cluster; None as `kubectl` takes it then."""

    kubeconfig: Path | None
    context: str | None
    namespace: str | None

    @property
    def words(self) -> tuple[str, ...]:
        """The options by which another command is about the same place."""
        file = None if self.kubeconfig is None else str(self.kubeconfig.absolute())
        given = {"--kubeconfig": file, "--kube-context": self.context, "--namespace": self.namespace}
        return tuple(word for name, value in given.items() if value is not None for word in (name, value))


@dataclass(frozen=True)
class Places:
    """Where qorch keeps things, by the XDG base directory rules; QORCH_HOME puts all of them in one folder."""

    state: Path  # fleets that run
    cache: Path  # weights
    config: Path  # keys, the user's own profiles


def places() -> Places:
    home = os.environ.get("QORCH_HOME")
    if home:
        base = Path(home).absolute()
        return Places(base / "state", base / "cache", base / "config")
    return Places(
        _xdg("XDG_STATE_HOME", ".local/state"), _xdg("XDG_CACHE_HOME", ".cache"), _xdg("XDG_CONFIG_HOME", ".config")
    )


def _xdg(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / default) / "qorch"


def runtime(fleet: str) -> BareHost:
    from orchestrator.adapters.bare_host import BareHost

    return BareHost(places().state, fleet)


def watch(fleet: str, place: ClusterPlace | None, every_s: float) -> Watch:
    """The sources of a fleet of this host, or of a cluster; raises EnvironmentNotReady where there is none."""
    return _host_watch(fleet, every_s) if place is None else _cluster_watch(fleet, place)


def _host_watch(fleet: str, every_s: float) -> HostWatch:
    from orchestrator.adapters.gpu_watch import GpuWatch
    from orchestrator.adapters.host_watch import HostWatch
    from orchestrator.adapters.scaling_history import ScalingHistory

    history = ScalingHistory(_fleet_files(fleet).history_path)
    return HostWatch(runtime(fleet), history, GpuWatch(every_s))


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


def cluster_fleet(fleet: str, place: ClusterPlace) -> ClusterFleet:
    """A fleet in a cluster."""
    from orchestrator.adapters.kuberay import KubeRayCluster
    from orchestrator.adapters.kubernetes_api import connect
    from orchestrator.app.cluster_fleet import ClusterFleet

    cluster = KubeRayCluster(connect(place.kubeconfig, place.context), place.namespace, fleet)
    file = str(place.kubeconfig) if place.kubeconfig else None
    return ClusterFleet(cluster, {each.name: each for each in profiles()}, file)


def running(fleet: str, place: ClusterPlace | None) -> Running:
    """A fleet of this host, or of a cluster."""
    return runtime(fleet) if place is None else cluster_fleet(fleet, place)


def scaling_history(fleet: str) -> ScalingHistory:
    """What a fleet of this host recorded; raises EnvironmentNotReady where there is none."""
    from orchestrator.adapters.scaling_history import ScalingHistory

    return ScalingHistory(_fleet_files(fleet).history_path)


def decisions(fleet: str, place: ClusterPlace | None) -> KeepsDecisions:
    """What the fleet decided, on this host or in a cluster."""
    return scaling_history(fleet) if place is None else cluster_fleet(fleet, place)


def scaling_state(fleet: str) -> PoolState | None:
    """What a fleet of this host has learned; None where nothing can be read of it."""
    from orchestrator.adapters.scaling_file import read_state

    with suppress(ValueError):
        return read_state(_fleet_files(fleet).scaling_path)
    return None


def _fleet_files(fleet: str) -> FleetFiles:
    from orchestrator.adapters.fleet_files import FleetFiles
    from orchestrator.core.errors import EnvironmentNotReady
    from orchestrator.core.fleet import command

    files = FleetFiles(places().state, fleet)
    if not files.exist:
        raise EnvironmentNotReady(f"there is no fleet {fleet!r} on this host", hint=command("up", fleet))
    return files


def key_store() -> KeyStore:
    from orchestrator.adapters.key_store import KeyStore

    return KeyStore(places().config / "keys.json")


def inventory() -> Inventory:
    """What is on this machine."""
    from orchestrator.adapters.probe import probe

    return probe(places().cache)


def described_site(hardware: str) -> Site:
    """The hosts that a file or a line of shorthand describes."""
    from orchestrator.adapters.described_site import parse_site
    from orchestrator.adapters.hardware_file import read_site

    path = Path(hardware)
    return read_site(path, gpu_table()) if path.is_file() else parse_site(hardware, gpu_table())


def gpu_table() -> GpuTable:
    """The kinds of GPU that come with qorch, and the user's own in their place."""
    from orchestrator.adapters.gpu_table import load_gpus, shipped_gpus_dir

    return load_gpus(shipped_gpus_dir(), places().config / "gpus")


def load_clients(spec: DeploymentSpec, api_key: str | None) -> LoadClients:
    """Clients of a fleet on this host."""
    from orchestrator.adapters.bare_host import endpoint_url
    from orchestrator.adapters.load_clients import LoadClients

    return LoadClients(f"{endpoint_url(spec)}/v1", spec.model, api_key)


def predictor() -> Predictor:
    """How fast a fit will be, by what comes with qorch and the user's own in its place."""
    from orchestrator.adapters.speed_files import load_speeds, shipped_speeds_dir
    from orchestrator.core.predict import Predictor

    return Predictor(gpu_table(), load_speeds(shipped_speeds_dir(), places().config / "prediction"))


def memory_available_bytes() -> int:
    """What this host has left for more replicas."""
    from orchestrator.adapters.host import probe_host

    return probe_host(places().cache).memory_available_bytes


def profiles() -> tuple[Profile, ...]:
    """The shipped profiles, and the user's own."""
    from orchestrator.adapters.profile_files import load_profiles, shipped_profiles_dir

    own = places().config / "profiles"
    return load_profiles(shipped_profiles_dir(), *([own] if own.is_dir() else []))


def weights_store(given: Path | None) -> WeightsStore:
    """Where weights come from: Ollama for its tags; for files the path that was given, or every place there is."""
    from orchestrator.adapters.ollama_weights import OllamaWeights
    from orchestrator.app.weights import TagsAndFiles, WeightsSources

    return TagsAndFiles(WeightsSources((OllamaWeights(),)), _files_store(given))


def _files_store(given: Path | None) -> WeightsStore:
    from orchestrator.adapters.demo_weights import DemoWeights
    from orchestrator.adapters.hub import Hub
    from orchestrator.adapters.hub_cache import hub_cache_folder
    from orchestrator.adapters.hub_weights import HubWeights
    from orchestrator.adapters.local_weights import GivenWeights, WeightsFolder
    from orchestrator.app.weights import WeightsSources

    if given is not None:
        return WeightsSources((GivenWeights(given),))
    folder = os.environ.get("QORCH_WEIGHTS_DIR")
    local = (WeightsFolder(Path(folder)),) if folder else ()
    cache = places().cache
    hub = HubWeights(Hub.from_environment(os.environ), hub_cache_folder(os.environ), cache / "hub")
    return WeightsSources((*local, DemoWeights(cache / "demo"), hub))


def plan(wish: Wish, hardware: str | None, weights: Path | None) -> FitPlan:
    """The plan for this machine, or for the one that is described."""
    from orchestrator.app.plan import make_described_plan

    if hardware is not None:
        return make_described_plan(profiles(), described_site(hardware), _with_loras_read(wish), predictor())
    return _plan_on(inventory(), wish, weights)


def cluster_plan(
    wish: Wish,
    place: ClusterPlace,
    fleet: str,
    *,
    anew: bool,
    tolerations: tuple[Toleration, ...],
    settings: ClusterSettings | None = None,
) -> FitPlan:
    """The plan for the nodes of a cluster, within what the fleet's namespace allows.

    `anew`: what the fleet's own pods have counts as free.
    """
    from orchestrator.adapters.cluster_probe import probe_cluster
    from orchestrator.adapters.kubernetes_api import connect
    from orchestrator.app.cluster_plan import USUAL, make_cluster_plan
    from orchestrator.core.cluster.tenant import Tenant

    api = connect(place.kubeconfig, place.context)
    tenant = Tenant(place.namespace or api.namespace, fleet, anew, tolerations)
    seen, wished = probe_cluster(api, tenant.namespace), _with_loras_read(wish)
    return make_cluster_plan(profiles(), seen, wished, gpu_table(), predictor(), tenant, settings or USUAL)


def pod_plan(wish: Wish, hardware: str | None) -> FitPlan:
    """For pods on nodes that are described, or such as this host."""
    from orchestrator.app.plan import make_pod_plan
    from orchestrator.core.inventory import one_host

    site = one_host(inventory()) if hardware is None else described_site(hardware)
    return make_pod_plan(profiles(), site, _with_loras_read(wish), predictor())


def written_plan(path: Path) -> tuple[Planned, ...]:
    """What the plan in a file says is to run, wherever that is."""
    from orchestrator.adapters.plan_file import read_plan

    return read_plan(path, [profile.name for profile in profiles()])


def planned_for_pods(written: tuple[Planned, ...], path: Path) -> FitPlan:
    """The plan in a file, for the hosts that it was made for."""
    from orchestrator.adapters.plan_hosts import read_plan_site
    from orchestrator.app.planned import make_planned_pods

    return make_planned_pods(written, profiles(), read_plan_site(path), predictor())


def probe_jobs(kubeconfig: Path | None, context: str | None, namespace: str | None, image: str) -> list[dict[str, Any]]:
    """For the nodes of a cluster whose GPUs no label names."""
    from orchestrator.adapters import cluster_probe
    from orchestrator.adapters.kubernetes_api import connect

    return cluster_probe.probe_jobs(connect(kubeconfig, context), image, namespace)


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
    planner = FleetPlanner(profiles(), gpu_table(), predictor())
    return OperatorProcess(api, planner, orders, lease, say)


def plan_beside(running: DeploymentSpec, wish: Wish, weights: Path | None) -> FitPlan:
    """The plan for this machine as if the fleet that runs took nothing of it."""
    from orchestrator.core.plan_diff import without_fleet

    return _plan_on(without_fleet(inventory(), running), wish, weights)


def _plan_on(host: Inventory, wish: Wish, weights: Path | None) -> FitPlan:
    from orchestrator.adapters.engines.installed import installed_engines
    from orchestrator.app.plan import make_plan
    from orchestrator.core.inventory import one_host

    read, store, engines = _with_loras_read(wish), weights_store(weights), installed_engines(host.driver)
    return make_plan(profiles(), one_host(host), read, store, engines, predictor())


def _with_loras_read(wish: Wish) -> Wish:
    from orchestrator.adapters.lora_files import read_loras

    return replace(wish, loras=read_loras(wish.loras))


def read_plan(path: Path) -> tuple[Planned, ...]:
    """What the plan in a file says is to run on this host."""
    from orchestrator.adapters.plan_file import read_plan
    from orchestrator.app.planned import require_one_host

    return require_one_host(read_plan(path, [profile.name for profile in profiles()]))


def planned(written: tuple[Planned, ...], weights: Path | None) -> FitPlan:
    """The plan as it was written, checked against this machine."""
    from orchestrator.adapters.engines.installed import installed_engines
    from orchestrator.adapters.lora_files import read_loras
    from orchestrator.app.planned import make_planned

    loras = read_loras(written[0].loras)  # one table for all that a plan places
    read, host = tuple(replace(each, loras=loras) for each in written), inventory()
    engines = installed_engines(host.driver)
    return make_planned(read, profiles(), host, weights_store(weights), engines, predictor())


def profile(name: str) -> Profile:
    """The one profile that is meant; raises UsageError with the nearest names, or those that could be meant."""
    from orchestrator.core.errors import UsageError
    from orchestrator.core.request import requested
    from orchestrator.core.wish import Wish

    matches = requested(profiles(), Wish(profile=name))
    exact = [match for match in matches if match.name == name] or list(matches)
    if len(exact) > 1:
        names = ", ".join(match.name for match in exact)
        raise UsageError(f"{name!r} can mean several profiles: {names}", hint="qorch profiles list")
    return exact[0]
