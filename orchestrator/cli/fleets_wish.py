"""The options by which several fleets are asked for at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from orchestrator.cli import options
from orchestrator.cli.compose.places import ClusterPlace
from orchestrator.cli.in_cluster import NAMESPACED
from orchestrator.core.errors import UsageError
from orchestrator.core.fleet import DEFAULT_NAME
from orchestrator.core.manifests.forms import FLEET

HELP = "qorch top --help"


@dataclass(frozen=True)
class Wish:
    """Fleets of these names, or all, in each of these places."""

    names: tuple[str, ...]  # none: every fleet that there is
    places: tuple[ClusterPlace | None, ...]  # None: this host
    all_namespaces: bool = False

    @property
    def of_one(self) -> bool:
        return len(self.names) == len(self.places) == 1 and not self.all_namespaces

    @property
    def words(self) -> tuple[str, ...]:
        """The options by which another command is about the same fleets."""
        named = [word for name in self.names for word in ("--fleet", name)] or ["--all"]
        clusters = [place for place in self.places if place is not None]
        shared = ClusterPlace(clusters[0].kubeconfig, None, clusters[0].namespace).words if clusters else ()
        contexts = [word for each in clusters if each.context for word in ("--kube-context", each.context)]
        host = ["--this-host"] if clusters and None in self.places else []
        return (*named, *shared, *contexts, *host, *(["--all-namespaces"] if self.all_namespaces else []))


def wished_fleets(command: Callable[..., Any]) -> Callable[..., Any]:
    """The verb takes `wish`."""

    @wraps(command)
    def with_wish(
        fleet: tuple[str, ...], all_: bool, kubeconfig: Path | None, kube_context: tuple[str, ...],
        namespace: str | None, all_namespaces: bool, this_host: bool, **given: Any,
    ) -> Any:  # fmt: skip
        names = _names(fleet, all_ or (all_namespaces and not fleet))
        places = _places(kubeconfig, kube_context, namespace, all_namespaces, this_host)
        return command(wish=Wish(names, places, all_namespaces), **given)

    for each in (THIS_HOST, ALL_NAMESPACES, NAMESPACED, options.kubeconfig, KUBE_CONTEXTS, ALL, FLEETS):
        with_wish = each(with_wish)
    return with_wish


def _names(given: tuple[str, ...], all_: bool) -> tuple[str, ...]:
    if given and all_:
        raise UsageError("--fleet and --all do not go together", hint=HELP)
    return () if all_ else tuple(dict.fromkeys(given)) or (DEFAULT_NAME,)


def _places(
    kubeconfig: Path | None, contexts: tuple[str, ...], namespace: str | None, all_namespaces: bool, this_host: bool
) -> tuple[ClusterPlace | None, ...]:
    """Raises UsageError for a namespace of no cluster."""
    if namespace and all_namespaces:
        raise UsageError("--namespace and --all-namespaces do not go together", hint=HELP)
    named: tuple[str | None, ...] = tuple(dict.fromkeys(contexts)) or ((None,) if kubeconfig else ())
    if not named and (namespace or all_namespaces):
        option = f"--namespace {namespace}" if namespace else "--all-namespaces"
        raise UsageError(f"{option} is of a cluster, and none is named", hint="qorch top --kube-context NAME")
    clusters = [ClusterPlace(kubeconfig, context, namespace) for context in named]
    return (*((None,) if this_host or not clusters else ()), *clusters)


def _fleet_names(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if problem := FLEET.problem(value):
            raise click.BadParameter(problem)
    return values


FLEETS = options.option(
    "--fleet", multiple=True, callback=_fleet_names, metavar="NAME",
    help=f"The fleet's name, without it {DEFAULT_NAME!r}; several times for several side by side.",
)  # fmt: skip
ALL = options.option("--all", "all_", is_flag=True, help="Every fleet that there is, those to come too.")
KUBE_CONTEXTS = options.option(
    "--kube-context", multiple=True, metavar="NAME",
    help="The cluster of this context of the kubeconfig, instead of this machine; several times for several.",
)  # fmt: skip
ALL_NAMESPACES = options.option(
    "-A", "--all-namespaces", is_flag=True, help="In all namespaces; every fleet, where none is named."
)
THIS_HOST = options.option("--this-host", is_flag=True, help="This machine too, beside clusters.")
