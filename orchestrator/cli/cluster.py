"""The options that say how a fleet's objects fit into a cluster, as one `ClusterSettings`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from orchestrator import __version__
from orchestrator.cli.options import Formed, option
from orchestrator.core.cluster.toleration import Toleration, parse_toleration
from orchestrator.core.manifests.forms import CLAIM, GATEWAY_CLASS, IMAGE, NAMESPACE, REDIS
from orchestrator.core.manifests.settings import MOST_GATEWAYS, ClusterSettings, MigStrategy, Upgrade


def _tolerations(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[Toleration, ...]:
    return tuple(map(parse_toleration, values))


tolerations = option(
    "--tolerate", "tolerations", multiple=True, callback=_tolerations, metavar="KEY[=VALUE][:EFFECT]",
    help="Use nodes with this taint, which all pods of the fleet tolerate; may be repeated.",
)  # fmt: skip
OPTIONS = (
    option("-n", "--namespace", type=Formed(NAMESPACE), metavar="NAME",
           help="Of all objects; without it, the one that they are applied in."),
    option("--image", type=Formed(IMAGE), metavar="IMAGE", default=f"qorch:{__version__}", show_default=True,
           help="Of every pod: qorch with Ray and the engine."),
    option("--gateways", "num_gateways", type=click.IntRange(1, MOST_GATEWAYS), default=2, show_default=True,
           help="Gateway pods, where clients come in."),
    option("--model-claim", type=Formed(CLAIM), metavar="NAME",
           help="Keep weights in this PersistentVolumeClaim (ReadWriteMany), which a Job fills, not in each pod."),
    option("--redis", "redis_address", type=Formed(REDIS), metavar="HOST:PORT",
           help="Where the head keeps its state, so that the fleet outlives it."),
    option("--upgrade", type=click.Choice([each.value for each in Upgrade]), default=Upgrade.NEW_CLUSTER.value,
           show_default=True, help="What KubeRay does when the Ray cluster's own settings change."),
    option("--gateway-class", type=Formed(GATEWAY_CLASS), metavar="NAME",
           help="Of the Gateway API, which an incremental upgrade moves requests with."),
    option("--allow-from", "client_namespaces", type=Formed(NAMESPACE), multiple=True, metavar="NAMESPACE",
           help="Whose pods may ask the fleet, besides those of its own namespace; may be repeated."),
    tolerations,
    option("--mig-strategy", type=click.Choice([each.value for each in MigStrategy]), default=MigStrategy.MIXED.value,
           show_default=True, help="How nodes offer MIG slices, where their labels are not known."),
    option("--monitoring", is_flag=True, help="With a PodMonitor, alerts and a dashboard for Grafana."),
)  # fmt: skip
NAMES = (
    "namespace", "image", "num_gateways", "model_claim", "redis_address", "gateway_class", "client_namespaces",
    "tolerations", "monitoring",
)  # fmt: skip


def cluster_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """The verb takes `settings`; the options become it."""

    @wraps(command)
    def with_settings(upgrade: str, mig_strategy: str, **given: Any) -> Any:
        values = {name: given.pop(name) for name in NAMES}
        settings = ClusterSettings(**values, upgrade=Upgrade(upgrade), mig_strategy=MigStrategy(mig_strategy))
        return command(settings=settings, **given)

    for each in reversed(OPTIONS):
        with_settings = each(with_settings)
    return with_settings
