"""Options that several verbs share; each is also set by `QORCH_` and its name, e.g. QORCH_PORT."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from orchestrator.cli.output import FORMATS
from orchestrator.core.amounts import GIB, MIB
from orchestrator.core.by_hand import MOST_DRAIN_S
from orchestrator.core.deployment import DRAIN_S
from orchestrator.core.fleet import DEFAULT_NAME
from orchestrator.core.manifests.forms import FLEET, NAMESPACE, Form

DURATION = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)([smhd])")
SIZE = re.compile(r"(\d{1,6})(MiB|GiB)")
UNITS_BYTES = {"MiB": MIB, "GiB": GIB}
UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
HOST = re.compile(r"[0-9a-zA-Z:]([0-9a-zA-Z:.-]{0,252}[0-9a-zA-Z:])?")


class Amount(click.FloatRange):
    """A number within a range, which `nan` is not, though it compares with nothing."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


class Formed(click.ParamType[str]):
    """Text of a form that Kubernetes takes."""

    def __init__(self, form: Form) -> None:
        self.name, self._form = form.name, form

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if problem := self._form.problem(value):
            self.fail(problem, param, ctx)
        return str(value)


class Count(click.IntRange):
    """`-n` is of the latest here; elsewhere it means a namespace."""

    name = "integer range"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if str(value)[:1].isalpha():
            self.fail(f"{value!r} is no number; a namespace is --namespace {value}", param, ctx)
        return super().convert(value, param, ctx)


def option(*declarations: str, **attributes: Any) -> Callable[[Any], Any]:
    """An option of the command line, and of the environment."""
    long = next(each for each in declarations if each.startswith("--")).partition("/")[0]
    variable = "QORCH_" + long[2:].replace("-", "_").upper()
    return click.option(*declarations, envvar=variable, show_envvar=True, **attributes)


def _fleet_name(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if problem := FLEET.problem(value):
        raise click.BadParameter(problem)
    return value


def _host(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if not HOST.fullmatch(value):
        raise click.BadParameter(f"expected an address such as 127.0.0.1 or ::1, got {value!r}")
    return value


def _duration_s(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    match = DURATION.fullmatch(value or "")
    if value is not None and match is None:
        raise click.BadParameter(f"expected a duration such as 90s, 15m, 2h or 3d, got {value!r}")
    return float(match[1]) * UNITS_S[match[2]] if match else None


def _size_bytes(ctx: click.Context, param: click.Parameter, value: str) -> int:
    match = SIZE.fullmatch(value)
    if match is None or not int(match[1]):
        raise click.BadParameter(f"expected a size such as 256MiB or 2GiB, got {value!r}")
    return int(match[1]) * UNITS_BYTES[match[2]]


def _hardware(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """A file that is not there is said to be missing, not read as the name of a GPU."""
    path = Path(value or "")
    if value and (path.is_dir() or (path.suffix in (".yaml", ".yml") and not path.is_file())):
        raise click.BadParameter(f"there is no file {value!r}")
    return value


def tail(default: str) -> Callable[[Any], Any]:
    """How many of the latest; `default` says how many without it."""
    return option("-n", "--tail", type=Count(min=0), help=f"Only so many of the latest. {default}")


fleet = option(
    "--fleet", default=DEFAULT_NAME, show_default=True, callback=_fleet_name, help="The fleet's name.", metavar="NAME"
)
host = option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    callback=_host,
    help="Address to listen on; any but loopback needs an API key.",
    metavar="ADDRESS",
)
port = option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to listen on.")
format_ = option(
    "-o", "--output", "format_", type=click.Choice(FORMATS), default="table", show_default=True, help="Output format."
)
timeout = option(
    "--timeout", "timeout_s", type=Amount(1, 86400), default=900, show_default=True,
    help="Seconds to wait for replicas; what is not ready by then goes on starting.",
)  # fmt: skip
drain_timeout = option(
    "--drain-timeout", "drain_s", type=Amount(0, MOST_DRAIN_S), default=DRAIN_S, show_default=True,
    help="Seconds that a replica has to finish what it answers.",
)  # fmt: skip
wait = option("--wait/--no-wait", default=True, show_default=True, help="Return only when it is done.")
quiet = option("-q", "--quiet", is_flag=True, help="No progress, only data and errors.")
since = option(
    "--since", "since_s", callback=_duration_s, metavar="DURATION", help="Only of so long: 90s, 15m, 2h, 3d."
)
record_limit = option(
    "--record-limit", "limit_bytes", default="256MiB", show_default=True, callback=_size_bytes, metavar="SIZE",
    help="Size of a recording at which its oldest half goes.",
)  # fmt: skip
recorded_for = option(
    "--record-for",
    "for_s",
    callback=_duration_s,
    metavar="DURATION",
    help="Record so long and show nothing: 90s, 15m, 2h.",
)
hardware = option(
    "--hardware",
    callback=_hardware,
    metavar="FILE|TEXT",
    help="Plan for a machine that a YAML file describes, or a line such as a100-80gb:2,a6000:1, instead of this one.",
)
kube_context = option(
    "--kube-context", metavar="NAME", help="The cluster of this context of the kubeconfig, instead of this machine."
)
kubeconfig = option(
    "--kubeconfig",
    type=click.Path(path_type=Path),
    help="Find the cluster in this file, instead of KUBECONFIG or ~/.kube/config.",
)
plan = option(
    "--plan",
    "plan_path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Deploy exactly what this plan says, as `qorch plan -o yaml` wrote it, if it still fits.",
)
namespace = option(
    "-n", "--namespace", type=Formed(NAMESPACE), metavar="NAME", help="The namespace, instead of the context's own."
)
weights = option(
    "--weights",
    type=click.Path(exists=True, path_type=Path),
    help="Take the weights from this file or directory.",
)
