"""`qorch simulate`."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import options
from orchestrator.cli.output import FORMATS, TerminalReporter, emit, message
from orchestrator.cli.recorded import UNKNOWN, recorded_fleet
from orchestrator.core.errors import UsageError
from orchestrator.core.scaling.compare import POLICIES, Course, compare, course
from orchestrator.core.scaling.shapes import SHAPES, shaped

if TYPE_CHECKING:
    from orchestrator.core.scaling.demand import Demand

HELP = "qorch simulate --help"
MEAN_REPLICAS = 12.0
MOST_TIMES = 20  # --max-replicas over the mean, where it is not said
MOST_REPLICAS = 100_000
POSITIVE = options.Amount(min=0, min_open=True, max=1e9)


@click.command("simulate")
@click.argument("trace", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.option("--shape", type=click.Choice(tuple(SHAPES)), help="Synthetic demand instead of a trace.")
@options.option("--hours", type=options.Amount(0.01, 1488), default=24.0, show_default=True, help="Of a shape.")
@options.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of what is drawn at random.")
@options.fleet
@options.option(
    "--prompt-ratio", type=POSITIVE,
    help="Tokens of a prompt that a replica reads in the time that it writes one. [default: 20, or the fleet's]",
)  # fmt: skip
@options.option(
    "--cold-start", "cold_start_s", type=options.Amount(0, 86400),
    help="Seconds from asking for a replica until it is ready. [default: 120, or the fleet's]",
)  # fmt: skip
@options.option(
    "--max-wait", "max_wait_s", type=options.Amount(0, 3600), default=2.0, show_default=True,
    help="Seconds that a request may wait for a replica.",
)  # fmt: skip
@options.option(
    "--attainment", type=options.Amount(0, 1), default=0.999, show_default=True,
    help="Share of the requests that shall wait no longer.",
)  # fmt: skip
@options.option(
    "--mean-replicas",
    type=POSITIVE,
    help=f"Scale so that so many replicas are busy on average. [default: {MEAN_REPLICAS:g}, or what the fleet had]",
)
@options.option("--capacity", type=POSITIVE, metavar="TOK_S", help="Generated tokens a second of a replica, instead.")
@options.option("--min-replicas", type=click.IntRange(0, MOST_REPLICAS), default=1, show_default=True)
@options.option("--max-replicas", type=click.IntRange(1, MOST_REPLICAS), help=f"[default: {MOST_TIMES} times the mean]")
@options.option(
    "--policy",
    "policies",
    multiple=True,
    type=click.Choice(POLICIES),
    help="Replay this one; may be repeated. [default: all]",
)
@options.option(
    "-o", "--output", "format_", type=click.Choice((*FORMATS, "csv")), default="table", show_default=True,
    help="Output format.",
)  # fmt: skip
@options.quiet
def command(
    trace: Path | None, shape: str | None, hours: float, seed: int, fleet: str, prompt_ratio: float | None,
    cold_start_s: float | None, max_wait_s: float, attainment: float, mean_replicas: float | None,
    capacity: float | None, min_replicas: int, max_replicas: int | None, policies: tuple[str, ...], format_: str,
    quiet: bool,
) -> None:  # fmt: skip
    """Replay a TRACE of requests, or a shape, against scaling rules, and compare what they cost and attain.

    A trace is Azure's or ServeGen's CSV, or a recording: t_s,requests,prompt_tokens,generation_tokens. Without either
    it is the load that the fleet has recorded, on replicas as it has learned that its are.
    """
    from orchestrator.core.scaling.load import VariantLoad
    from orchestrator.core.scaling.policy import ScalingPolicy

    reporter = TerminalReporter(quiet)
    learned = recorded_fleet(fleet, reporter) if trace is None and shape is None else UNKNOWN
    ratio = prompt_ratio or learned.prompt_ratio
    demand = learned.demand(ratio) if learned.minutes else _demand(trace, shape, hours, seed, ratio, reporter)
    each = _capacity(demand, mean_replicas, capacity, learned.capacity_tok_s)
    cold_start_s = learned.cold_start_s if cold_start_s is None else cold_start_s
    least = math.ceil(demand.mean_rate / each)
    most = max_replicas or max(min(MOST_TIMES * least, MOST_REPLICAS), min_replicas)
    if min_replicas > most:
        raise UsageError(f"--min-replicas is {min_replicas}, more than --max-replicas, which is {most}", hint=HELP)
    if most < least:
        message(f"the demand keeps {least} replicas busy on average, and {most} are allowed: no rule can keep up")
    variant = VariantLoad("replica", 0, 0, each, cold_start_s, min_replicas=min_replicas, max_replicas=most)
    _show(course(demand, variant, ScalingPolicy(max_wait_s, attainment)), policies or POLICIES, format_, reporter)


def _demand(
    trace: Path | None, shape: str | None, hours: float, seed: int, prompt_ratio: float, reporter: TerminalReporter
) -> Demand:
    if trace is not None and shape is not None:
        raise UsageError("expected a trace, or --shape and no trace", hint="qorch simulate --shape diurnal")
    if trace is None:
        return shaped(str(shape), round(hours * 3600), seed)
    from orchestrator.adapters.traces import read_trace

    reporter.phase("read", str(trace))
    demand = read_trace(trace, prompt_ratio, seed)
    reporter.done("read", f"{trace}: {sum(demand.requests):,.0f} requests in {demand.duration_s:,.0f} s")
    return demand


def _capacity(
    demand: Demand, mean_replicas: float | None, capacity: float | None, learned_tok_s: float | None
) -> float:
    """Work a second of a replica."""
    if mean_replicas is not None and capacity is not None:
        raise UsageError("--mean-replicas cannot be combined with --capacity", hint=HELP)
    if mean_replicas is None and (known := capacity or learned_tok_s):
        return known
    return demand.mean_rate / (mean_replicas or MEAN_REPLICAS)


def _show(course: Course, names: tuple[str, ...], format_: str, reporter: TerminalReporter) -> None:
    from orchestrator.views.simulation import simulation_csv, simulation_data, simulation_text

    outcomes = {}
    for name, outcome in compare(course, names):
        reporter.phase("replay", f"{name}: {outcome.attainment:.3%}, {outcome.ratio:.2f}x")
        outcomes[name] = outcome
    reporter.done("replay", f"{len(outcomes)} policies")
    if format_ == "csv":
        click.echo(simulation_csv(outcomes))
        return
    width = shutil.get_terminal_size().columns
    data = simulation_data(course, outcomes)
    emit(format_, data, text=lambda: simulation_text(course, outcomes, width), names=lambda: outcomes)
