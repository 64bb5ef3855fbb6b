"""The entry point: runs a verb and turns every error into one message, a hint and a documented exit code."""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

import click

from orchestrator.cli.hints import of_verb
from orchestrator.cli.output import message
from orchestrator.cli.root import root
from orchestrator.core.errors import DeployFailed, EnvironmentNotReady, ExitCode, QorchError, UsageError

COMPLETE = "_QORCH_COMPLETE"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
OS_HINTS = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "df -h"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "ls -ld {path}"),
}
GARBAGE_AFTER = 100_000  # objects: most of what a command makes lives as long as it, and is looked through in vain


class Interrupted(KeyboardInterrupt):
    """A signal came. A bare KeyboardInterrupt that leaves an `exec` makes `python -m` end by SIGINT, caught or not."""


def main() -> NoReturn:
    gc.set_threshold(GARBAGE_AFTER)
    instruction = os.environ.get(COMPLETE)
    try:
        _heed_signals()
        code = _complete(instruction) if instruction else run(sys.argv[1:])
    except KeyboardInterrupt:  # it came before the command, or while its error was told
        code = ExitCode.INTERRUPTED
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    try:
        with root.make_context("qorch", arguments) as context:
            _invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        return _tell_click(error)
    except (click.Abort, KeyboardInterrupt):
        message("interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the reader left: nothing more to say to it
        return ExitCode.OK
    except Exception as error:
        if os.environ.get("QORCH_DEBUG"):
            raise
        return _tell(_explained(error))
    return ExitCode.OK


def _invoke(context: click.Context) -> None:
    try:
        root.invoke(context)
    except QorchError as error:
        error.hint = error.hint and of_verb(error.hint, root, context)
        raise


def _explained(error: Exception) -> QorchError:
    """What went wrong, as an error that a person can do something about."""
    if isinstance(error, QorchError):
        return error
    if isinstance(error, OSError):
        path = error.filename or "."
        what = error.strerror or f"{type(error).__name__} {error}"
        hint = OS_HINTS.get(error.errno or 0, "qorch doctor").format(path=path)
        return EnvironmentNotReady(f"{what}: {path}" if error.filename else what, hint=hint)
    return QorchError(
        f"qorch itself failed: {type(error).__name__}: {error}",
        hint="run it again with QORCH_DEBUG=1 for the traceback, and report it",
    )


def _tell(error: QorchError) -> int:
    if isinstance(error, DeployFailed):
        for line in error.log_lines:
            message(f"  | {line}")
    message(f"error: {error.message}")
    if error.hint:
        message(f"hint: {error.hint}")
    return error.exit_code


def _tell_click(error: click.ClickException) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        message(error.format_message())
        return ExitCode.USAGE
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context else "qorch"
    return _tell(UsageError(" ".join(error.format_message().split()), hint=f"{path} --help"))


def _complete(instruction: str) -> int:
    from click.shell_completion import shell_complete

    return shell_complete(root, {}, "qorch", COMPLETE, instruction)


def _heed_signals() -> None:
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` leaves it
            signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """The first signal stops the command; more of them do not stop it from cleaning up."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted
