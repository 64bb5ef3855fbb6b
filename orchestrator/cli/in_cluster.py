"""The options by which a verb is about a fleet in a cluster, as one `ClusterPlace`; without them it is of this host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from orchestrator.cli import options
from orchestrator.cli.compose.places import ClusterPlace
from orchestrator.core.errors import UsageError
from orchestrator.core.manifests.forms import NAMESPACE

NAMESPACE_HELP = "The fleet's namespace in the cluster, instead of the context's own."
NAMESPACED = options.option("-n", "--namespace", type=options.Formed(NAMESPACE), metavar="NAME", help=NAMESPACE_HELP)
NAMESPACED_WIDELY = options.option("--namespace", type=options.Formed(NAMESPACE), metavar="NAME", help=NAMESPACE_HELP)


def in_cluster(namespaced: Callable[[Any], Any] = NAMESPACED) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The verb takes `place`, which is None for a fleet of this host."""

    def decorated(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def with_place(kubeconfig: Path | None, kube_context: str | None, namespace: str | None, **given: Any) -> Any:
            return command(place=place(kubeconfig, kube_context, namespace), **given)

        for each in (namespaced, options.kubeconfig, options.kube_context):
            with_place = each(with_place)
        return with_place

    return decorated


def place(kubeconfig: Path | None, context: str | None, namespace: str | None) -> ClusterPlace | None:
    """Raises UsageError for a namespace of no cluster."""
    if kubeconfig is None and context is None:
        if namespace is not None:
            raise UsageError(
                f"--namespace {namespace} is of a cluster, and none is named", hint="qorch status --kube-context NAME"
            )
        return None
    return ClusterPlace(kubeconfig, context, namespace)


def refuse_given(ctx: click.Context, names: Mapping[str, str], why: str) -> None:
    """Raises UsageError where one of these parameters was typed; `names` has their options."""
    for name, typed in names.items():
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{typed} {why}", ctx)
