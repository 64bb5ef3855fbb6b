"""An engine's server as a child process: started, watched, and stopped with its whole group."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.core.errors import DeployFailed

LAST_LINES = 40
MOST_LOG_BYTES = 64 * 2**20
STOP_GRACE_S = 8.0  # a server may take some seconds to finish what it answers


OWNED_SERVER = Path(__file__).with_name("owned_server.py")


def owned(command: Sequence[str]) -> list[str]:
    """The command of a server that does not watch its stdin, so that it ends with its owner all the same."""
    return [sys.executable, "-P", str(OWNED_SERVER), *command]


@dataclass(frozen=True)
class Launch:
    """How a server is started."""

    command: Sequence[str]
    arguments: Mapping[str, Any] | None = None  # written to its stdin as one line of JSON
    environment: Mapping[str, str | None] = field(default_factory=dict)  # beside what is inherited; None: without it
    inherited_fds: Sequence[int] = ()
    announces: bool = True  # its stdout is ours to read, rather than part of its log


class EngineProcess:
    """One child, in a session of its own, whose log goes to `log_path`; it ends when our end of stdin closes."""

    def __init__(self, process: asyncio.subprocess.Process, log_path: Path) -> None:
        self._process = process
        self.log_path = log_path

    @classmethod
    async def start(cls, launch: Launch, log_path: Path) -> EngineProcess:
        log_path.parent.mkdir(parents=True, exist_ok=True)
        with log_path.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *launch.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if launch.announces else log,
                stderr=log,
                start_new_session=True,
                env=_set({**os.environ, **launch.environment}),
                pass_fds=launch.inherited_fds,
            )
        assert process.stdin is not None
        if launch.arguments is not None:
            process.stdin.write((json.dumps(launch.arguments) + "\n").encode())
        return cls(process, log_path)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def announcement(self) -> dict[str, Any]:
        """The JSON line that the server writes once it serves; raises DeployFailed when it dies first."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            await self.wait()
            raise self.death("did not start")
        data: dict[str, Any] = json.loads(line)
        return data

    def death(self, what: str = "died") -> DeployFailed:
        lines = last_lines(self.log_path)
        return DeployFailed(f"the engine {what}: {exit_reason(self._process.returncode)}", log_lines=lines)

    async def wait(self) -> None:
        """Return when the process has ended, whatever the reason; what it leaves of its group ends too."""
        await self._process.wait()
        self._kill_group()

    def cap_log(self) -> None:
        """Keep the log below two times its limit: what is full becomes `*.log.old`, and the log begins anew."""
        if self.log_path.stat().st_size > MOST_LOG_BYTES:
            shutil.copyfile(self.log_path, self.log_path.with_suffix(".log.old"))
            os.truncate(self.log_path, 0)

    async def stop(self) -> None:
        """Close stdin, which asks it to end, and kill its group when it has not within some seconds."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(STOP_GRACE_S):
                await self._process.wait()
        except TimeoutError:
            self._kill_group()
        await self.wait()

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


def _set(environment: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if value is not None}


def exit_reason(code: int | None) -> str:
    """What an exit status says, e.g. "killed by SIGKILL" or "exit status 1"."""
    if code is None:
        return "still running"
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


def last_lines(path: Path, count: int = LAST_LINES) -> tuple[str, ...]:
    """The last lines of a log, as far as its last 64 KiB have them."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.path.getsize(path) - 65536))
            text: Sequence[str] = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ()
    return tuple(text[-count:])
