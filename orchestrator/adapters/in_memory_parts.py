"""A store of a history's parts without Ray: a true small implementation of the port, for tests."""

from __future__ import annotations

from orchestrator.core.errors import EnvironmentNotReady


class InMemoryParts:
    """Satisfies `orchestrator.app.history_port.HistoryParts`; `away` says why it is out of reach, while it is."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self.away = ""

    def names(self) -> tuple[str, ...]:
        self._reach()
        return tuple(self.values)

    def get(self, name: str) -> bytes | None:
        self._reach()
        return self.values.get(name)

    def put(self, name: str, value: bytes) -> None:
        self._reach()
        self.values[name] = value

    def remove(self, name: str) -> None:
        self._reach()
        self.values.pop(name, None)

    def _reach(self) -> None:
        if self.away:
            raise EnvironmentNotReady(self.away)
