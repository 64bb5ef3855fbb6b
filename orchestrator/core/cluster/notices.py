"""What of a cluster is not planned on: each reason once, with how many it holds for and a few of them by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from orchestrator.core.amounts import counted
from orchestrator.core.cluster.gpus import REQUESTED, UNNAMED
from orchestrator.core.cluster.node import Node, unusable
from orchestrator.core.cluster.pools import NodeKind
from orchestrator.core.cluster.requests import Requests
from orchestrator.core.cluster.tenant import Tenant
from orchestrator.core.inventory import Gpu

OTHER_GPUS = ("amd.com/gpu", "gpu.intel.com/i915", "gpu.intel.com/xe", "habana.ai/gaudi")
NAMED = 3  # nodes that a notice names
LABELS_HELP = (
    "install GPU Feature Discovery (NVIDIA's GPU Operator brings it), or have NVML asked by a Job: `qorch probe --help`"
)


def own_pods(requests: Requests, tenant: Tenant) -> tuple[str, ...]:
    """That the fleet runs already, where what it has is not planned on."""
    if tenant.anew or tenant.key not in requests.by_fleet:
        return ()
    return (
        f"fleet {tenant.fleet} runs in namespace {tenant.namespace}, and what its pods asked for is not planned on; "
        f"a plan that takes its place has it: --fleet {tenant.fleet}",
    )


def left_out(nodes: Sequence[Node], planned_on: Iterable[NodeKind], tenant: Tenant) -> tuple[str, ...]:
    """Nodes, then GPUs of those that are planned on."""
    reasons = [(node.name, why) for node in nodes if (why := unusable(node, tenant.tolerations)) is not None]
    unused = (f"{where} not planned on: {why}" for why, where in _by_reason(reasons, "node"))
    hidden = [(host.hostname, why) for kind in planned_on for why in _hidden(kind.gpus) for host in kind.hosts]
    gpus = (f"{where} not planned on: {_with_help(why)}" for why, where in _by_reason(hidden, "GPU"))
    others = [(node.name, name) for node in nodes for name in OTHER_GPUS if node.count(name)]
    foreign = (f"{where} not planned on: only NVIDIA's GPUs are ({name})" for name, where in _by_reason(others, "node"))
    return (*unused, *gpus, *foreign)


def _hidden(gpus: Iterable[Gpu]) -> Iterator[str]:
    """GPUs and slices of which pods have none; what they have is no news."""
    for gpu in gpus:
        every = [gpu.hidden, *(part.hidden for part in gpu.mig_instances)]
        yield from (why for why in every if why is not None and why != REQUESTED)


def _with_help(why: str) -> str:
    return f"{why}; {LABELS_HELP}" if why == UNNAMED else why


def _by_reason(reasons: Iterable[tuple[str, str]], noun: str) -> Iterator[tuple[str, str]]:
    """Each reason, and how many of which nodes it holds for."""
    names: dict[str, list[str]] = defaultdict(list)
    for name, why in reasons:
        names[why].append(name)
    for why, of_reason in names.items():
        nodes = list(dict.fromkeys(of_reason))
        some = ", ".join(nodes[:NAMED]) + (", …" if len(nodes) > NAMED else "")
        yield why, f"{counted(len(of_reason), noun)} ({some})"
