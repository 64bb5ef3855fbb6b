"""The options that say how a fleet's objects fit into a cluster, as one `ClusterSettings`."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from orchestrator import __version__
from orchestrator.cli.options import option
from orchestrator.core.errors import UsageError
from orchestrator.core.manifests.settings import ClusterSettings, Upgrade

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
IMAGE = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._:/-]{0,254}(@sha256:[0-9a-f]{64})?")
REDIS = re.compile(r"(rediss?://)?[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?:\d{1,5}")
MOST_GATEWAYS = 64
INCREMENTAL_HINT = "qorch render --upgrade NewClusterWithIncrementalUpgrade --gateway-class NAME --max-replicas 3"


class Matching(click.ParamType[str]):
    """Text of a form that Kubernetes takes."""

    def __init__(self, name: str, form: re.Pattern[str], expected: str) -> None:
        self.name, self._form, self._expected = name, form, expected

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not self._form.fullmatch(str(value)):
            self.fail(f"expected {self._expected}, got {value!r}", param, ctx)
        return str(value)


NAMESPACE = Matching("namespace", LABEL, "a namespace: at most 63 of a-z, 0-9 and '-', and no '-' at its ends")
CLAIM = Matching("claim", NAME, "the name of a PersistentVolumeClaim")
GATEWAY_CLASS = Matching("class", NAME, "the name of a GatewayClass")
ADDRESS = Matching("address", REDIS, "an address such as redis:6379")
REFERENCE = Matching("image", IMAGE, "an image such as registry.example/qorch@sha256:…")
OPTIONS = (
    option("-n", "--namespace", type=NAMESPACE, metavar="NAME",
           help="Of all objects; without it, the one that they are applied in."),
    option("--image", type=REFERENCE, metavar="IMAGE", default=f"qorch:{__version__}", show_default=True,
           help="Of every pod: qorch with Ray and the engine."),
    option("--gateways", "num_gateways", type=click.IntRange(1, MOST_GATEWAYS), default=2, show_default=True,
           help="Gateway pods, where clients come in."),
    option("--model-claim", type=CLAIM, metavar="NAME",
           help="Keep weights in this PersistentVolumeClaim (ReadWriteMany), which a Job fills, not in each pod."),
    option("--redis", "redis_address", type=ADDRESS, metavar="HOST:PORT",
           help="Where the head keeps its state, so that the fleet outlives it."),
    option("--upgrade", type=click.Choice([each.value for each in Upgrade]), default=Upgrade.NEW_CLUSTER.value,
           show_default=True, help="What KubeRay does when the Ray cluster's own settings change."),
    option("--gateway-class", type=GATEWAY_CLASS, metavar="NAME",
           help="Of the Gateway API, which an incremental upgrade moves requests with."),
    option("--allow-from", "client_namespaces", type=NAMESPACE, multiple=True, metavar="NAMESPACE",
           help="Whose pods may ask the fleet, besides those of its own namespace; may be repeated."),
    option("--monitoring", is_flag=True, help="With a PodMonitor, alerts and a dashboard for Grafana."),
)  # fmt: skip
NAMES = ("namespace", "image", "num_gateways", "model_claim", "redis_address", "gateway_class", "client_namespaces")


def cluster_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """The verb takes `settings`; the options become it."""

    @wraps(command)
    def with_settings(upgrade: str, monitoring: bool, **given: Any) -> Any:
        values = {name: given.pop(name) for name in NAMES}
        settings = ClusterSettings(**values, upgrade=Upgrade(upgrade), monitoring=monitoring)
        _require_upgradable(settings, scales=given["wish"].bounds is not None)
        return command(settings=settings, **given)

    for each in reversed(OPTIONS):
        with_settings = each(with_settings)
    return with_settings


def _require_upgradable(settings: ClusterSettings, scales: bool) -> None:
    """Raises UsageError for what KubeRay would refuse, and only once it is in the cluster."""
    incremental = settings.upgrade is Upgrade.INCREMENTAL
    if incremental and settings.gateway_class is None:
        raise UsageError(
            "an incremental upgrade moves requests by the Gateway API: it needs --gateway-class", hint=INCREMENTAL_HINT
        )
    if incremental and not scales:
        raise UsageError("an incremental upgrade needs Ray's autoscaler: --max-replicas", hint=INCREMENTAL_HINT)
    if settings.gateway_class is not None and not incremental:
        raise UsageError(f"--gateway-class is for --upgrade {Upgrade.INCREMENTAL.value}", hint=INCREMENTAL_HINT)
