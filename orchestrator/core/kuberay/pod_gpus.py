"""The GPUs of a fleet's pods: what each does, and how many there are for the fleet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestrator.core.cluster.node import Node, unusable
from orchestrator.core.inventory import Gpu
from orchestrator.core.kuberay.pod import PodSeen, of_role
from orchestrator.core.live.reading import GpuCount, HostReading
from orchestrator.core.live.told_gpus import NO_GPUS, ToldGpus, gpu_of
from orchestrator.core.manifests.fleet_on_pods import FleetOnPods
from orchestrator.core.manifests.gpu_nodes import GpuNodes
from orchestrator.core.manifests.naming import Role, group_name

NOT_TOLD = "it sees none"
Told = Mapping[str, ToldGpus]  # by the address of the pod


def pod_hosts(pods: Iterable[PodSeen], told: Told) -> tuple[HostReading, ...]:
    """The nodes that pods are on, each with the GPUs that their replicas tell of."""
    on: dict[str, list[str]] = {}
    for pod in pods:
        if pod.node and pod.ip:
            on.setdefault(pod.node, []).append(pod.ip)
    return tuple(HostReading(node, _gpus(ips, told), addresses=frozenset(ips)) for node, ips in on.items())


def _gpus(ips: Iterable[str], told: Told) -> tuple[Gpu, ...]:
    """Each once."""
    rows = {row.uuid or str(row.index): row for ip in ips for row in told.get(ip, NO_GPUS).gpus}
    return tuple(map(gpu_of, rows.values()))


def gpus_silent(pods: tuple[PodSeen, ...], told: Told) -> str | None:
    """Why the GPUs of some replicas that are ready are not known as they are now; None where all are."""
    ready = [pod for pod in of_role(pods, Role.ENGINE) if pod.ready and pod.ip in told]
    wrong = {pod.name: error for pod in ready if (error := _wrong(told[pod.ip or ""]))}
    if not wrong:
        return None
    name, error = next(iter(wrong.items()))
    return f"{len(wrong)} of {len(ready)} replicas do not tell: {name}: {error}"


def _wrong(told: ToldGpus) -> str | None:
    return told.error or (None if told.gpus else NOT_TOLD)


def gpu_nodes_of(fleet: FleetOnPods) -> tuple[GpuNodes, ...]:
    """On which nodes its pods ask for GPUs; nothing where it runs on CPUs."""
    return tuple(dict.fromkeys(each.gpus for each in fleet.needs if each.gpus is not None))


def node_selector(wanted: Iterable[GpuNodes]) -> str:
    """The label selector of all those nodes; empty where no one label tells them."""
    known = tuple(wanted)
    labels = {each.label for each in known}
    if len(labels) != 1 or None in labels:
        return ""
    values = dict.fromkeys(value for each in known for value in each.values)
    return f"{known[0].label} in ({','.join(values)})"


def gpu_count(fleet: FleetOnPods, pods: Iterable[PodSeen], nodes: Iterable[Node] | None) -> GpuCount:
    """Those that its pods were given, and those of the nodes that they may be put on; `nodes` None: not known."""
    placed = [pod for pod in pods if pod.role == Role.ENGINE.value and pod.node]
    of_variant = {group_name(each.variant.name): each.variant.num_gpus for each in fleet.needs}
    used = sum(of_variant.get(pod.variant, 0) for pod in placed)
    if nodes is None:
        return GpuCount(used, None)
    own = {pod.node for pod in placed}
    may = [node for node in nodes if node.name in own or unusable(node, fleet.settings.tolerations) is None]
    return GpuCount(used, sum(_offered(node, gpu_nodes_of(fleet)) for node in may))


def _offered(node: Node, wanted: Iterable[GpuNodes]) -> int:
    resources = {each.resource for each in wanted if each.label is None or node.labels.get(each.label) in each.values}
    return sum(map(node.count, resources))
