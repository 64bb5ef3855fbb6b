"""All objects of a kind, kept up to date by one watch, however many want to know of them."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from orchestrator.adapters.kubernetes_api import Forbidden, Gone, KubernetesApi, NotServed, Resource
from orchestrator.core.errors import EnvironmentNotReady

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 60.0  # between tries, where the server refuses
NOT_SERVED_WAIT_S = 60.0  # where it has no such kind, which may come

Object = Mapping[str, Any]
Name = tuple[str, str]  # namespace, name
Kept = TypeVar("Kept")


@dataclass(frozen=True)
class Kind(Generic[Kept]):
    """What is watched, and what is kept of each object: None leaves it out."""

    resource: Resource
    keep: Callable[[Object], Kept | None]
    query: Mapping[str, str] = field(default_factory=dict)
    namespace: str | None = None


class Informer(Generic[Kept]):
    """`changed` is called after what is kept of an object became another, with what it was and what it is."""

    def __init__(
        self, api: KubernetesApi, kind: Kind[Kept], changed: Callable[[Name, Kept | None, Kept | None], None]
    ) -> None:
        self._api, self.kind, self._changed = api, kind, changed
        self._kept: dict[Name, tuple[str, Kept]] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._listed = False
        self.trouble: EnvironmentNotReady | None = None
        self.away: EnvironmentNotReady | None = None  # since it was asked last, it tells nothing new
        self.looked = threading.Event()  # there is an answer: a list, or a trouble
        self.version = 0  # counts changes

    def start(self) -> None:
        threading.Thread(target=self._run, name=f"watch {self.kind.resource}", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def items(self) -> dict[Name, Kept]:
        with self._lock:
            return {name: kept for name, (_, kept) in self._kept.items()}

    def get(self, name: Name) -> Kept | None:
        with self._lock:
            return self._kept[name][1] if name in self._kept else None

    def learn(self, item: Object) -> None:
        """What a write answered with, ahead of the watch; what is older than what is known is dropped."""
        name, version = _name(item), str(item["metadata"].get("resourceVersion", ""))
        with self._lock:
            before = self._kept.get(name)
            if before is not None and _is_older(version, before[0]):
                return
            kept = self.kind.keep(item)
            self._put(name, None if kept is None else (version, kept))
        self._tell(name, before, kept)

    def _run(self) -> None:
        wait_s = FIRST_WAIT_S
        while not self._stopped.is_set():
            try:
                self._follow(self._list())
                wait_s = FIRST_WAIT_S
                self._stopped.wait(FIRST_WAIT_S)
            except EnvironmentNotReady as refused:
                self._meet_refusal(refused)
                wait_s = NOT_SERVED_WAIT_S if isinstance(refused, NotServed) else wait_s
                self._stopped.wait(wait_s * random.uniform(0.5, 1.0))
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _meet_refusal(self, refused: EnvironmentNotReady) -> None:
        """What was read once goes on to count while the server is only away for a while."""
        self.away = refused
        if not self._listed or isinstance(refused, Forbidden | NotServed):
            self.trouble = refused
        self.looked.set()

    def _list(self) -> str:
        """All of them, and the version from which a watch goes on."""
        listed = self._api.listed(self.kind.resource, self.kind.namespace, **self.kind.query)
        for gone in set(self.items()) - {_name(item) for item in listed.items}:
            self._forget(gone)
        for item in listed.items:
            self.learn(item)
        self.trouble, self.away, self._listed = None, None, True
        self.looked.set()
        return listed.version

    def _follow(self, version: str) -> None:
        """Watch after watch, until the server has forgotten where to go on."""
        while not self._stopped.is_set():
            before = version
            try:
                for event, item in self._api.watch(self.kind.resource, version, self.kind.namespace, **self.kind.query):
                    version = str(item["metadata"]["resourceVersion"])
                    self._meet(event, item)
                    if self._stopped.is_set():
                        return
            except Gone:
                return
            if version == before:
                self._stopped.wait(FIRST_WAIT_S)

    def _meet(self, event: str, item: Object) -> None:
        if event == "DELETED":
            self._forget(_name(item))
        elif event != "BOOKMARK":
            self.learn(item)

    def _forget(self, name: Name) -> None:
        with self._lock:
            before = self._kept.get(name)
            self._put(name, None)
        self._tell(name, before, None)

    def _put(self, name: Name, kept: tuple[str, Kept] | None) -> None:
        if kept is None:
            self._kept.pop(name, None)
        else:
            self._kept[name] = kept

    def _tell(self, name: Name, before: tuple[str, Kept] | None, kept: Kept | None) -> None:
        was = None if before is None else before[1]
        if was != kept:
            self.version += 1
            self._changed(name, was, kept)


def _name(item: Object) -> Name:
    return str(item["metadata"].get("namespace", "")), str(item["metadata"]["name"])


def _is_older(version: str, than: str) -> bool:
    """Versions of one kind are numbers that grow (by contract since Kubernetes 1.35); others are taken as new."""
    return version.isdecimal() and than.isdecimal() and int(version) < int(than)
