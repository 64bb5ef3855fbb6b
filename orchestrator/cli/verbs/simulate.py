"""`qorch simulate`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import options
from orchestrator.cli.compose.places import ClusterPlace
from orchestrator.cli.goals import SET_SECONDS, SET_SHARE
from orchestrator.cli.in_cluster import in_cluster
from orchestrator.cli.output import FORMATS, TerminalReporter, emit
from orchestrator.cli.recorded import UNKNOWN, recorded_fleet
from orchestrator.cli.simulated_pool import HELP, MEAN_REPLICAS, MOST_TIMES, PoolAsked, simulated_pool
from orchestrator.cli.tuning import show_tuning
from orchestrator.cli.variants import EXAMPLE, MOST_REPLICAS, VariantAsked, parse_variants
from orchestrator.core.errors import UsageError
from orchestrator.core.scaling.compare import MIXING, POLICIES, Course, compare, course
from orchestrator.core.scaling.shapes import SHAPES, shaped

if TYPE_CHECKING:
    from orchestrator.core.scaling.demand import Demand

POSITIVE = options.Amount(min=0, min_open=True, max=1e9)


def _variants(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[VariantAsked, ...]:
    return parse_variants(value)


@click.command("simulate")
@click.argument("trace", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.option("--shape", type=click.Choice(tuple(SHAPES)), help="Synthetic demand instead of a trace.")
@options.option("--hours", type=options.Amount(0.01, 1488), default=24.0, show_default=True, help="Of a shape.")
@options.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of what is drawn at random.")
@options.fleet
@in_cluster()
@options.option(
    "--prompt-ratio", type=POSITIVE,
    help="Tokens of a prompt that a replica reads in the time that it writes one. [default: 20, or the fleet's]",
)  # fmt: skip
@options.option(
    "--cold-start", "cold_start_s", type=options.Amount(0, 86400),
    help="Seconds from asking for a replica until it is ready. [default: 120, or the fleet's]",
)  # fmt: skip
@options.option(
    "--target-wait", "max_wait_s", type=SET_SECONDS, default="2s", show_default=True, metavar="DURATION",
    help="That a request may wait for a replica.",
)  # fmt: skip
@options.option(
    "--attainment", type=SET_SHARE, default="99.9%", show_default=True, metavar="SHARE",
    help="Share of the requests that shall wait no longer.",
)  # fmt: skip
@options.option(
    "--mean-replicas",
    type=POSITIVE,
    help=f"Scale so that so many replicas are busy on average. [default: {MEAN_REPLICAS:g}, or what the fleet had]",
)
@options.option("--capacity", type=POSITIVE, metavar="TOK_S", help="Generated tokens a second of a replica, instead.")
@options.option(
    "--variant", "variants", multiple=True, callback=_variants, metavar="NAME=CAPACITY[,...]",
    help="One kind of replica of a mixed pool, such as " + EXAMPLE + ": capacity in generated tokens a second, cost of "
    "an hour in any unit. May be repeated.",
)  # fmt: skip
@options.option(
    "--max-cost",
    "budget",
    type=POSITIVE,
    metavar="COST",
    help="Most that all replicas may cost an hour; each costs 1, or its cost.",
)
@options.option(
    "--min-replicas", type=click.IntRange(0, MOST_REPLICAS), default=1, show_default=True,
    help="Fewest replicas, of the first variant.",
)  # fmt: skip
@options.option(
    "--max-replicas", type=click.IntRange(1, MOST_REPLICAS),
    help=f"Most replicas, of each variant. [default: {MOST_TIMES} times the mean]",
)  # fmt: skip
@options.option(
    "--policy",
    "policies",
    multiple=True,
    type=click.Choice(POLICIES),
    help="Replay this one; may be repeated. [default: all, for a mixed pool those that mix]",
)
@options.option(
    "--tune", is_flag=True,
    help="Propose settings of qorch's rule for this traffic, and show what they would have saved on a part held out.",
)  # fmt: skip
@options.option(
    "-o", "--output", "format_", type=click.Choice((*FORMATS, "csv")), default="table", show_default=True,
    help="Output format.",
)  # fmt: skip
@options.quiet
def command(
    trace: Path | None, shape: str | None, hours: float, seed: int, fleet: str, place: ClusterPlace | None,
    prompt_ratio: float | None, cold_start_s: float | None, max_wait_s: float, attainment: float,
    mean_replicas: float | None, capacity: float | None, variants: tuple[VariantAsked, ...], budget: float | None,
    min_replicas: int, max_replicas: int | None, policies: tuple[str, ...], tune: bool, format_: str, quiet: bool,
) -> None:  # fmt: skip
    """Replay a TRACE of requests, or a shape, against scaling rules, and compare what they cost and attain.

    A trace is Azure's or ServeGen's CSV, or a recording: t_s,requests,prompt_tokens,generation_tokens. Without either
    it is the load that the fleet has recorded, here or in a cluster, on replicas as it has learned that its are.
    """
    from orchestrator.core.scaling.policy import ScalingPolicy

    if tune and policies:
        raise UsageError("--policy cannot be combined with --tune, which is for qorch's own rule", hint=HELP)
    reporter = TerminalReporter(quiet)
    learned = recorded_fleet(fleet, place, reporter) if trace is None and shape is None else UNKNOWN
    ratio = prompt_ratio or learned.prompt_ratio
    demand = learned.demand(ratio) if learned.minutes else _demand(trace, shape, hours, seed, ratio, reporter)
    if capacity is None and mean_replicas is None and not variants:
        capacity = learned.capacity_tok_s
    cold_start_s = learned.cold_start_s if cold_start_s is None else cold_start_s
    asked = PoolAsked(variants, mean_replicas, capacity, cold_start_s, min_replicas, max_replicas, budget)
    pool = simulated_pool(asked, demand, has_tokens=shape is None)
    replayed = course(demand, pool, ScalingPolicy(max_wait_s, attainment, budget))
    if tune:
        show_tuning(replayed, format_, reporter)
    else:
        _show(replayed, policies or _policies(len(pool), reporter), format_, reporter)


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


def _policies(kinds: int, reporter: TerminalReporter) -> tuple[str, ...]:
    """Rules that scale one kind of replica say nothing of a mixed pool, unless they are asked for."""
    if kinds == 1:
        return POLICIES
    others = ", ".join(name for name in POLICIES if name not in MIXING)
    reporter.say(f"left out, since they scale one kind of replica: {others}; --policy NAME has the cheapest alone")
    return MIXING


def _show(course: Course, names: tuple[str, ...], format_: str, reporter: TerminalReporter) -> None:
    from orchestrator.views.simulation import simulation_text
    from orchestrator.views.simulation_data import simulation_csv, simulation_data

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
