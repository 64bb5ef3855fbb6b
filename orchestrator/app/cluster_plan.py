"""A plan over a cluster: on the nodes that a fleet's pods may be put on, within what their namespace allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from orchestrator.app.admitted import Admission, admitted
from orchestrator.app.plan import IN_CLUSTER, make_pod_plan
from orchestrator.core.choose import Predict
from orchestrator.core.cluster.cluster_site import ANYBODY, Seen, cluster_site, limits_of
from orchestrator.core.cluster.gpu_labels import devices_of
from orchestrator.core.cluster.namespace_limits import NamespaceLimits
from orchestrator.core.cluster.tenant import Tenant
from orchestrator.core.errors import DoesNotFit, EnvironmentNotReady
from orchestrator.core.gpu_sets import device_count
from orchestrator.core.gpu_table import GpuTable
from orchestrator.core.inventory import Site
from orchestrator.core.manifests.settings import ClusterSettings
from orchestrator.core.plan import FitPlan
from orchestrator.core.profile import Profile
from orchestrator.core.wish import Wish

USUAL = ClusterSettings(image="qorch")


def make_cluster_plan(
    profiles: tuple[Profile, ...],
    seen: Seen,
    wish: Wish,
    table: GpuTable,
    predict: Predict,
    tenant: Tenant = ANYBODY,
    settings: ClusterSettings = USUAL,
) -> FitPlan:
    """Choose for a cluster: weights go to a volume of the fleet's, whatever the nodes' disks have room for.

    Raises DoesNotFit where the nodes would hold what the namespace's quotas or limit ranges do not admit.
    """
    site, notices = cluster_site(seen, table, tenant)
    _require_hosts(site, seen, notices)

    def plan_for(wish: Wish, site: Site = site) -> FitPlan:
        return make_pod_plan(profiles, site, wish, predict, IN_CLUSTER)

    limits = limits_of(seen, tenant)
    bounded, told = _bounded(wish, site, seen, limits)
    plan = plan_for(bounded)
    if plan.chosen is None:
        _require_unlimited_fails(limits, plan, lambda: plan_for(wish, _unlimited(seen, table, tenant)), seen)
    plan = admitted(plan, plan_for, Admission(limits, tenant.fleet, settings, table, seen.name))
    return replace(plan, wish=wish, notices=(*notices, *told, *plan.notices))


def _require_hosts(site: Site, seen: Seen, notices: tuple[str, ...]) -> None:
    if not site.hosts:
        raise EnvironmentNotReady(
            f"a node that pods can be put on is needed, and {seen.name!r} has none: {'; '.join(notices)}",
            hint=f"kubectl --context {seen.name} get nodes",
        )


def _bounded(wish: Wish, site: Site, seen: Seen, limits: NamespaceLimits) -> tuple[Wish, tuple[str, ...]]:
    """The wish for no more devices than quotas leave, and a notice where the nodes have more."""
    offered = {each.resource for node in seen.nodes for each in devices_of(node)}
    there = sum(device_count(group.inventory) * group.count for group in site.hosts)
    most, why = limits.most_devices(offered) or (there, "")
    if most >= (wish.max_gpus or there):
        return wish, ()
    return replace(wish, max_gpus=most), (f"{why}: no more are planned on",)


def _unlimited(seen: Seen, table: GpuTable, tenant: Tenant) -> Site:
    return cluster_site(replace(seen, limits={}), table, tenant)[0]


def _require_unlimited_fails(
    limits: NamespaceLimits, plan: FitPlan, unlimited: Callable[[], FitPlan], seen: Seen
) -> None:
    """Raises DoesNotFit where it is the quotas that leave too few devices."""
    if (why := limits.of_devices()) and unlimited().chosen is not None:
        raise DoesNotFit(f"{'; '.join(why)}; {plan.reason}", hint=limits.command(seen.name))
