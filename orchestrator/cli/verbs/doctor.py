"""`qorch doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from orchestrator.cli import compose, options
from orchestrator.cli.output import emit
from orchestrator.core.errors import QorchError
from orchestrator.core.fleet import command as command_for

if TYPE_CHECKING:
    from orchestrator.app.doctor import Check


@click.command("doctor")
@options.fleet
@options.format_
def command(fleet: str, format_: str) -> None:
    """Check what a fleet needs on this machine: each thing with what is there and the command that mends it."""
    from orchestrator.app.doctor import require_healthy

    checks = (*_host(), *_places(), *_weights(), *_fleet(fleet))
    emit(
        format_,
        [asdict(check) for check in checks],
        text=lambda: "\n".join(map(_line, checks)),
        names=lambda: [check.name for check in checks if not check.ok],
    )
    require_healthy(checks)


def _host() -> Iterator[Check]:
    """The machine, and the engines that it calls for."""
    from orchestrator.adapters.engines.installed import installed_engines
    from orchestrator.adapters.engines.vllm_install import vllm_install
    from orchestrator.adapters.host_limits import host_limits
    from orchestrator.app.doctor import Check, engine_checks, host_checks, limit_checks

    try:
        inventory = compose.sites.inventory()
        yield from (*host_checks(inventory, vllm_install().cuda_major), *limit_checks(inventory, host_limits()))
    except QorchError as error:
        yield Check("gpu", False, error.message, "NVML answers", error.hint)
        inventory = None
    yield from engine_checks(installed_engines(), has_gpu=inventory is None or bool(inventory.gpus))


def _places() -> Iterator[Check]:
    from orchestrator.app.doctor import place_check

    for name, path in asdict(compose.places.own()).items():
        yield place_check(name, path)


def _weights() -> Iterator[Check]:
    import os

    from orchestrator.adapters.hub import Hub
    from orchestrator.app.doctor import Check

    trouble = Hub.from_environment(os.environ).trouble
    hint = "HF_ENDPOINT=URL of a mirror, or --weights PATH"
    yield Check("hub", trouble is None, trouble or "answers", "a route to the hub", hint, required=False)


def _fleet(name: str) -> Iterator[Check]:
    from orchestrator.app.doctor import Check

    try:
        fleet = compose.fleets.runtime(name).observe()
    except QorchError as error:
        yield Check(f"fleet {name}", False, error.message, "a record that can be read", error.hint)
        return
    if fleet is None:
        yield Check(f"fleet {name}", True, "none runs")
    for condition in fleet.conditions if fleet else ():
        yield Check(
            condition.type, condition.status, condition.message, "yes", command_for("logs", name), required=False
        )


def _line(check: Check) -> str:
    mark = "ok  " if check.ok else ("FAIL" if check.required else "warn")
    line = f"{mark}  {check.name:<18} {check.found}"
    if check.ok:
        return line
    needed = f" (needed: {check.needed})" if check.needed else ""
    hint = f"\n      hint: {check.hint}" if check.hint else ""
    return f"{line}{needed}{hint}"
