"""Plans: made for this host, for a described one or for a cluster, or read from a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.cli.compose import catalog, sites, stores

if TYPE_CHECKING:
    from orchestrator.cli.compose.places import ClusterPlace
    from orchestrator.core.cluster.toleration import Toleration
    from orchestrator.core.deployment import DeploymentSpec
    from orchestrator.core.inventory import Inventory
    from orchestrator.core.manifests.settings import ClusterSettings
    from orchestrator.core.plan import FitPlan
    from orchestrator.core.planned import Planned
    from orchestrator.core.wish import Wish


def plan(wish: Wish, hardware: str | None, weights: Path | None) -> FitPlan:
    """The plan for this machine, or for the one that is described."""
    from orchestrator.app.plan import make_described_plan

    if hardware is not None:
        site, read = sites.described_site(hardware), _with_loras_read(wish)
        return make_described_plan(catalog.profiles(), site, read, catalog.predictor())
    return _plan_on(sites.inventory(), wish, weights)


def plan_beside(running: DeploymentSpec, wish: Wish, weights: Path | None) -> FitPlan:
    """The plan for this machine as if the fleet that runs took nothing of it."""
    from orchestrator.core.plan_diff import without_fleet

    return _plan_on(without_fleet(sites.inventory(), running), wish, weights)


def _plan_on(host: Inventory, wish: Wish, weights: Path | None) -> FitPlan:
    from orchestrator.adapters.engines.installed import installed_engines
    from orchestrator.app.plan import make_plan
    from orchestrator.core.inventory import one_host

    read, store, engines = _with_loras_read(wish), stores.weights_store(weights), installed_engines(host.driver)
    return make_plan(catalog.profiles(), one_host(host), read, store, engines, catalog.predictor())


def pod_plan(wish: Wish, hardware: str | None) -> FitPlan:
    """For pods on nodes that are described, or such as this host."""
    from orchestrator.app.plan import make_pod_plan
    from orchestrator.core.inventory import one_host

    site = one_host(sites.inventory()) if hardware is None else sites.described_site(hardware)
    return make_pod_plan(catalog.profiles(), site, _with_loras_read(wish), catalog.predictor())


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
    return make_cluster_plan(
        catalog.profiles(), seen, wished, catalog.gpu_table(), catalog.predictor(), tenant, settings or USUAL
    )


def planned(written: tuple[Planned, ...], weights: Path | None) -> FitPlan:
    """The plan as it was written, checked against this machine."""
    from orchestrator.adapters.engines.installed import installed_engines
    from orchestrator.adapters.lora_files import read_loras
    from orchestrator.app.planned import make_planned

    loras = read_loras(written[0].loras)  # one table for all that a plan places
    read, host = tuple(replace(each, loras=loras) for each in written), sites.inventory()
    engines = installed_engines(host.driver)
    return make_planned(read, catalog.profiles(), host, stores.weights_store(weights), engines, catalog.predictor())


def planned_for_pods(written: tuple[Planned, ...], path: Path) -> FitPlan:
    """The plan in a file, for the hosts that it was made for."""
    from orchestrator.adapters.plan_hosts import read_plan_site
    from orchestrator.app.planned import make_planned_pods

    return make_planned_pods(written, catalog.profiles(), read_plan_site(path), catalog.predictor())


def read_plan(path: Path) -> tuple[Planned, ...]:
    """What the plan in a file says is to run on this host."""
    from orchestrator.adapters.plan_file import read_plan
    from orchestrator.app.planned import require_one_host

    return require_one_host(read_plan(path, [profile.name for profile in catalog.profiles()]))


def written_plan(path: Path) -> tuple[Planned, ...]:
    """What the plan in a file says is to run, wherever that is."""
    from orchestrator.adapters.plan_file import read_plan

    return read_plan(path, [profile.name for profile in catalog.profiles()])


def _with_loras_read(wish: Wish) -> Wish:
    from orchestrator.adapters.lora_files import read_loras

    return replace(wish, loras=read_loras(wish.loras))
