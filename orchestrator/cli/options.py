"""Options that several verbs share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from orchestrator.cli.output import FORMATS

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")


def _fleet_name(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if not NAME.fullmatch(value):
        raise click.BadParameter("a fleet's name has at most 32 of a-z, 0-9 and '-', and no '-' at its ends")
    return value


fleet = click.option(
    "--fleet",
    default="default",
    envvar="QORCH_FLEET",
    show_default=True,
    callback=_fleet_name,
    help="The fleet's name.",
)
format_ = click.option(
    "-o", "--output", "format_", type=click.Choice(FORMATS), default="table", show_default=True, help="Output format."
)
timeout = click.option(
    "--timeout", "timeout_s", type=click.FloatRange(min=1), default=900, show_default=True, help="Seconds to wait."
)
wait = click.option("--wait/--no-wait", default=True, show_default=True, help="Return only when it is done.")
quiet = click.option("-q", "--quiet", is_flag=True, help="No progress.")
hardware = click.option(
    "--hardware",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Describe the machine by this YAML file instead of probing it.",
)
weights = click.option(
    "--weights",
    envvar="QORCH_WEIGHTS",
    type=click.Path(exists=True, path_type=Path),
    help="Take the weights from this file or directory.",
)


def wish(command: Any) -> Any:
    """The options that say what to run."""
    for option in reversed(
        (
            click.option(
                "--profile",
                default="auto",
                envvar="QORCH_PROFILE",
                show_default=True,
                help="auto, a precision (bf16, fp8, gptq, gguf) or a profile's name.",
            ),
            click.option("--model", envvar="QORCH_MODEL", help="Only this model, e.g. qwen3.5-9b."),
            click.option("--context", type=click.IntRange(min=1), help="Tokens of context (max_model_len)."),
            click.option("--concurrency", type=click.IntRange(1, 1024), help="Sequences at once (max_num_seqs)."),
            click.option("--replicas", type=click.IntRange(1, 256), help="Engine replicas."),
        )
    ):
        command = option(command)
    return command
