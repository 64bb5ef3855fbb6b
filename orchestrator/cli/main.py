"""The entry point: runs a verb and turns every error into one message, a hint and a documented exit code."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

import click

from orchestrator.cli.root import root
from orchestrator.core.errors import DeployFailed, ExitCode, QorchError


def main() -> NoReturn:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    try:
        root.main(arguments, prog_name="qorch", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except QorchError as error:
        return _tell(error)
    except click.UsageError as error:
        return _tell_usage(error)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the reader left: nothing more to say to it
        return ExitCode.OK
    except Exception as error:
        return _tell_unexpected(error)
    return ExitCode.OK


def _tell(error: QorchError) -> int:
    if isinstance(error, DeployFailed):
        for line in error.log_lines:
            click.echo(f"  | {line}", err=True)
    click.echo(f"error: {error.message}", err=True)
    if error.hint:
        click.echo(f"hint: {error.hint}", err=True)
    return error.exit_code


def _tell_usage(error: click.UsageError) -> int:
    path = error.ctx.command_path if error.ctx else "qorch"
    return _tell(QorchError(error.format_message(), hint=f"{path} --help")) and ExitCode.USAGE


def _tell_unexpected(error: Exception) -> int:
    if os.environ.get("QORCH_DEBUG"):
        raise error
    click.echo(f"error: qorch itself failed: {type(error).__name__}: {error}", err=True)
    click.echo("hint: run it again with QORCH_DEBUG=1 for the traceback, and report it", err=True)
    return ExitCode.ERROR


def _interrupt(number: int, frame: FrameType | None) -> None:
    """The first signal stops the command; more of them do not stop it from cleaning up."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt
