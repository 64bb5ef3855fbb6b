"""`qorch up`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import compose, options
from orchestrator.cli.downloads import show_download
from orchestrator.cli.output import TerminalReporter
from orchestrator.cli.verbs import plan as plan_verb
from orchestrator.core.amounts import counted
from orchestrator.core.errors import EnvironmentNotReady, QorchError
from orchestrator.core.fleet import Fleet, FleetPhase
from orchestrator.core.fleet import command as command_for
from orchestrator.core.plan import Fit, FitPlan, Wish

if TYPE_CHECKING:
    from orchestrator.app.up import Order, UpSettings


@click.command("up")
@options.wish
@options.weights
@options.fleet
@options.host
@options.port
@options.option("-y", "--yes", is_flag=True, help="Do not ask.")
@options.option("--dry-run", is_flag=True, help="Show the plan and stop.")
@options.wait
@options.timeout
@options.quiet
def command(
    profile: str,
    model: str | None,
    context: int | None,
    concurrency: int | None,
    replicas: int | None,
    weights: Path | None,
    fleet: str,
    host: str,
    port: int,
    yes: bool,
    dry_run: bool,
    wait: bool,
    timeout_s: float,
    quiet: bool,
) -> None:
    """Detect the hardware, choose a profile, deploy it, and return when the model answers a completion.

    The fleet stays up in the background. Run it again and nothing changes.
    """
    from orchestrator.app.up import up

    wish = Wish(profile, model, context, concurrency, replicas)
    if dry_run:
        _show_plan(wish, weights)
        return
    reporter = TerminalReporter(quiet)
    has_keys = bool(compose.key_store().read().active)
    settings = _settings(wish, weights, host, port, timeout_s, wait, has_keys)
    order = partial(_order, wish, weights, host, port, reporter, ask=not yes)
    result = up(order, compose.runtime(fleet), settings, reporter)
    if not result.changed:
        reporter.say(f"the fleet {fleet!r} runs already, as asked for: nothing to change")
    if result.fleet is not None:
        _tell(result.fleet, reporter, has_keys)


def _show_plan(wish: Wish, weights: Path | None) -> None:
    from orchestrator.app.plan import require_fit

    plan = compose.plan(wish, None, weights)
    click.echo(plan_verb.text(plan))
    require_fit(plan)


def _settings(
    wish: Wish, weights: Path | None, host: str, port: int, timeout_s: float, wait: bool, has_keys: bool
) -> UpSettings:
    from orchestrator.app.up import UpSettings
    from orchestrator.core.deployment import Endpoint

    keys_required = not is_loopback(host)
    if keys_required and not has_keys:
        raise EnvironmentNotReady(
            f"{host} can be reached from outside this machine, and there is no API key", hint="qorch keys create NAME"
        )
    asked = {
        "profile": wish.profile,
        "model": wish.model,
        "context": wish.max_model_len,
        "concurrency": wish.max_num_seqs,
        "replicas": wish.num_replicas,
        "weights": str(weights.absolute()) if weights else None,
        "host": host,
        "port": port,
    }
    return UpSettings(Endpoint(host, port, keys_required), str(compose.key_store().path), asked, timeout_s, wait)


def _order(wish: Wish, weights: Path | None, host: str, port: int, reporter: TerminalReporter, ask: bool) -> Order:
    """Plan, check what can be checked before anything is started, and have the person agree."""
    from orchestrator.adapters.ports import port_problem
    from orchestrator.app.plan import require_fit
    from orchestrator.app.up import Order

    plan = compose.plan(wish, None, weights)
    reporter.say(plan_verb.text(plan))
    fit = require_fit(plan)
    if problem := port_problem(host, port):
        raise EnvironmentNotReady(f"cannot listen on {host}:{port}: {problem}", hint="qorch up --port PORT")
    if ask:
        _confirm(plan, fit)
    store = compose.weights_store(weights)
    return Order(plan, fit, lambda: store.resolve(fit.profile, partial(show_download, reporter)))


def _confirm(plan: FitPlan, fit: Fit) -> None:
    """Ask on a terminal; without one, go ahead."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    replicas = counted(plan.num_replicas, "replica")
    if not click.confirm(f"Deploy {fit.profile.name}, {replicas}?", default=True, err=True):
        raise QorchError("you said no: nothing was deployed", hint="qorch plan")


def _tell(fleet: Fleet, reporter: TerminalReporter, has_keys: bool) -> None:
    click.echo(fleet.endpoint)
    if fleet.phase is FleetPhase.READY:
        reporter.say(f"\ntry:   {_curl(fleet, has_keys)}")
        reporter.say(f"next:  {command_for('status', fleet.name)}")
    else:
        reporter.say(f"next:  {command_for('status --watch', fleet.name)}")


def _curl(fleet: Fleet, has_keys: bool) -> str:
    key = ' -H "Authorization: Bearer $QORCH_API_KEY"' if has_keys else ""
    body = f'{{"model": "{fleet.model}", "messages": [{{"role": "user", "content": "Hello"}}], "max_tokens": 32}}'
    return f"curl {fleet.endpoint}/chat/completions{key} -d '{body}'"


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine only; a name counts as reachable from outside."""
    from ipaddress import ip_address

    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
