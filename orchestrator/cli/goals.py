"""The options that say what a fleet of a changing number of replicas shall reach."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import wraps
from typing import Any

import click

from orchestrator.cli.options import option
from orchestrator.core.scaling.budget import parse_budget
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.schedule import EXAMPLE, parse_window

GoalChanges = Mapping[str, Any]  # fields of a ScalingGoal as they shall be; what is not asked for is not there

NONE = "none"
DEFAULT = ScalingGoal()
NUMBER = r"\d+(?:\.\d*)?|\.\d+"
ONE = Decimal(1)
UNITS_S = {"ms": Decimal("0.001"), "s": ONE, "m": Decimal(60), "": ONE}


class Quantity(click.ParamType[float | str]):
    """A number above 0 and at most `most`, in one of some units; `none` for no goal, where that may be."""

    def __init__(self, name: str, units: Mapping[str, Decimal], most: float, example: str, none: bool = True) -> None:
        self.name, self._units, self._most, self._none = name, units, most, none
        self._example = f"{example}, or {NONE}" if none else example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | str:
        text = str(value).strip().lower()
        if text == NONE and self._none:
            return NONE
        matched = re.fullmatch(f"({NUMBER})({'|'.join(self._units)})", text)
        number = float(Decimal(matched[1]) * self._units[matched[2]]) if matched else math.nan
        if not 0 < number <= self._most:
            self.fail(f"expected a {self.name} such as {self._example}, got {value!r}", param, ctx)
        return number


class Parsed(click.ParamType[Any]):
    """What a function of core reads, which raises ValueError; `none` for none."""

    envvar_list_splitter = ";"

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name, self._parse = name, parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return NONE if value == NONE else self._parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


SECONDS = Quantity("duration", UNITS_S, 3600.0, "1.5s or 200ms")
SET_SECONDS = Quantity("duration", UNITS_S, 3600.0, "1.5s or 200ms", none=False)
TOK_S = Quantity("rate", {"": ONE}, 1e9, "900")
SHARE = Quantity("share", {"%": Decimal("0.01"), "": ONE}, 0.999999, "99.9%")
SET_SHARE = Quantity("share", {"%": Decimal("0.01"), "": ONE}, 0.999999, "99.9%", none=False)
COST = Quantity("cost", {"": ONE}, 1e9, "3.60")

OPTIONS = (
    option("--target-tok-s", "tok_s", type=TOK_S, metavar="TOK_S",
           help="Generated tokens a second that the fleet is kept able to write, whatever comes."),
    option("--target-wait", "wait_s", type=SECONDS, metavar="DURATION",
           help="Before a replica takes a request.  [default: 2s, or what --target-ttft leaves]"),
    option("--target-ttft", "ttft_s", type=SECONDS, metavar="DURATION",
           help="From a request's arrival to its first token (TTFT)."),
    option("--target-tpot", "tpot_s", type=SECONDS, metavar="DURATION",
           help="For each further token of a request, on average over it (TPOT)."),
    option("--attainment", type=SHARE, metavar="SHARE",
           help="Share of the requests for which this shall be so.  [default: 99.9%]"),
    option("--max-cost", "cost_per_hour", type=COST, metavar="AMOUNT",
           help="Most that all replicas cost an hour, by --price."),
    option("--budget", type=Parsed("budget", parse_budget), metavar="NAME=AMOUNT",
           help="Most that all fleets of this host with this name cost an hour together, by --price, or in GPUs."),
    option("--schedule", multiple=True, type=Parsed("window", parse_window), metavar="WINDOW",
           help=f"More at certain times, e.g. '{EXAMPLE}' or 'daily 20:00-23:00 tok-s=900'; may be repeated."),
)  # fmt: skip
NAMES = ("tok_s", "wait_s", "ttft_s", "tpot_s", "attainment", "cost_per_hour", "budget", "schedule")


def goal_changes(command: Callable[..., Any]) -> Callable[..., Any]:
    """The verb takes `goal`; the options become it."""

    @wraps(command)
    def with_goal(**given: Any) -> Any:
        values = {name: given.pop(name) for name in NAMES}
        return command(goal=_changes(values), **given)

    for each in reversed(OPTIONS):
        with_goal = each(with_goal)
    return with_goal


def _changes(values: Mapping[str, Any]) -> GoalChanges:
    given = {name: value for name, value in values.items() if value not in (None, ())}
    if windows := given.get("schedule"):
        given["schedule"] = tuple(window for window in windows if window != NONE)
    return {name: getattr(DEFAULT, name) if value == NONE else value for name, value in given.items()}
