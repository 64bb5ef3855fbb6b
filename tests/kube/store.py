"""Where the objects are: one counter of versions, a log of events for those who watch, and its compaction."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from tests.kube.kinds import Kind, Object


class Key(NamedTuple):
    """What an object is kept under: its version is no part of it."""

    group: str
    plural: str
    namespace: str
    name: str


@dataclass(frozen=True)
class Event:
    """A change: what the object was before tells a watcher with a selector whether it came or went."""

    version: int
    key: Key
    before: Object | None
    after: Object | None


class Store:
    """Objects are never changed in place, so what a reader holds stays as it was read."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.version = 1
        self.compacted = 0
        self.closed = False
        self._objects: dict[Key, Object] = {}
        self._events: list[Event] = []

    def get(self, key: Key) -> Object | None:
        return self._objects.get(key)

    def select(self, kind: Kind, namespace: str = "") -> list[Object]:
        """The objects of a kind, of one namespace or of all, by namespace and name."""
        with self.changed:
            found = [key for key in self._objects if key[:2] == (kind.group, kind.plural)]
            return [self._objects[key] for key in sorted(found) if namespace in ("", key.namespace)]

    def everything(self) -> list[tuple[Key, Object]]:
        with self.changed:
            return list(self._objects.items())

    def put(self, key: Key, item: Object) -> Object:
        with self.changed:
            self.version += 1
            stored = {**item, "metadata": {**item["metadata"], "resourceVersion": str(self.version)}}
            self._log(Event(self.version, key, self._objects.get(key), stored))
            self._objects[key] = stored
            return stored

    def remove(self, key: Key) -> Object:
        with self.changed:
            self.version += 1
            gone = self._objects.pop(key)
            last = {**gone, "metadata": {**gone["metadata"], "resourceVersion": str(self.version)}}
            self._log(Event(self.version, key, last, None))
            return last

    def _log(self, event: Event) -> None:
        self._events.append(event)
        self.changed.notify_all()

    def since(self, version: int) -> list[Event]:
        """The events after a version, oldest first."""
        with self.changed:
            return [event for event in self._after(version) if event.version > version]

    def _after(self, version: int) -> Iterable[Event]:
        behind = self.version - version
        return self._events[-behind:] if behind else ()

    def compact(self) -> None:
        """Forgets all events: whoever asks for what came before is told that it is gone."""
        with self.changed:
            self._events.clear()
            self.compacted = self.version
            self.changed.notify_all()

    def close(self) -> None:
        with self.changed:
            self.closed = True
            self.changed.notify_all()
