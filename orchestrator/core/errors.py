"""The errors a person can meet, as one tree; each carries its exit code and, where there is one, a hint.

QorchError                 1
├── UsageError             2   the command, a flag or a file is wrong
│   ├── ProfileError           a profile file is wrong
│   └── SettingsError          a setting is wrong
├── DoesNotFit             3   nothing that was asked for fits this hardware
├── EnvironmentNotReady    4   driver, port, disk, permission or weights are missing
├── DeployFailed           5   an engine did not start; carries its last log lines
└── TimedOut               6   not ready in time; still converging
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the `qorch` command returns to the shell."""

    OK = 0
    ERROR = 1
    USAGE = 2
    DOES_NOT_FIT = 3
    ENVIRONMENT_NOT_READY = 4
    DEPLOY_FAILED = 5
    TIMED_OUT = 6
    INTERRUPTED = 130


class QorchError(Exception):
    """Says what was needed and what is there; `hint` is a command that the person can run."""

    exit_code = ExitCode.ERROR

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(QorchError):
    exit_code = ExitCode.USAGE


class ProfileError(UsageError):
    """A profile file is wrong: the message names file, line, field and what was expected."""


class SettingsError(UsageError):
    """A setting or a hardware file is wrong: the message names where the value came from."""


class DoesNotFit(QorchError):
    exit_code = ExitCode.DOES_NOT_FIT


class EnvironmentNotReady(QorchError):
    exit_code = ExitCode.ENVIRONMENT_NOT_READY


class DeployFailed(QorchError):
    """An engine did not start; `log_lines` are the last lines that it wrote."""

    exit_code = ExitCode.DEPLOY_FAILED

    def __init__(self, message: str, hint: str | None = None, log_lines: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint)
        self.log_lines = log_lines


class TimedOut(QorchError):
    exit_code = ExitCode.TIMED_OUT
