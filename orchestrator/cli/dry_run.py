"""`--dry-run`: show the plan and stop, or have the API server say what it would do."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import click

from orchestrator.cli.options import option


class DryRun(StrEnum):
    """How far to go without changing anything."""

    OFF = "off"
    PLAN = "plan"
    SERVER = "server"


class DryRunType(click.ParamType[DryRun]):
    """Also what a flag takes in a file or the environment."""

    name = "plan|server"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> DryRun:
        if isinstance(value, DryRun) or str(value) in list(DryRun):
            return DryRun(value)
        try:
            return DryRun.PLAN if click.BOOL.convert(value, None, None) else DryRun.OFF
        except click.BadParameter:
            self.fail(f"expected {self.name}, got {value!r}", param, ctx)


dry_run = option(
    "--dry-run", type=DryRunType(), is_flag=False, flag_value=DryRun.PLAN.value, default=DryRun.OFF.value,
    help="Show the plan and stop; --dry-run=server asks the cluster's API server what it would do.",
)  # fmt: skip
