"""Getting, listing page by page, and watching."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from itertools import chain

from tests.kube.checks import Call, live_object
from tests.kube.errors import expired
from tests.kube.kinds import Kind, Object
from tests.kube.selectors import Predicate, field_predicate, label_predicate
from tests.kube.store import Event, Store

INITIAL_EVENTS_END = {"k8s.io/initial-events-end": "true"}


class Reads:
    """Everything that changes nothing."""

    bookmark_every_s = 0.5

    def __init__(self, store: Store) -> None:
        self.store = store
        self._pages: dict[str, tuple[int, list[Object]]] = {}

    def get(self, call: Call) -> Object:
        return {**live_object(self.store, call), "apiVersion": call.kind.api_version}

    def list(self, call: Call) -> Object:
        """One page, all pages of a list at the same version."""
        kind, request = call.kind, call.request
        version, found = self._remaining(call)
        limit = int(request.query.get("limit") or 0) or len(found)
        page, rest = found[:limit], found[limit:]
        metadata: Object = {"resourceVersion": str(version)}
        if rest:
            metadata["continue"] = self._kept(version, rest)
            if not (request.query.get("labelSelector") or request.query.get("fieldSelector")):
                metadata["remainingItemCount"] = len(rest)
        items = [{**item, "apiVersion": kind.api_version} for item in page]
        return {"apiVersion": kind.api_version, "kind": f"{kind.kind}List", "metadata": metadata, "items": items}

    def _remaining(self, call: Call) -> tuple[int, list[Object]]:
        token = call.request.query.get("continue")
        with self.store.changed:
            if not token:
                wanted = _predicate(call)
                found = [item for item in self.store.select(call.kind, call.where.namespace) if wanted(item)]
                return self.store.version, found
            version, rest = self._pages.get(token, (-1, []))
            if version < self.store.compacted:
                raise expired("The provided continue parameter is too old to display a consistent list result.")
            return version, rest

    def _kept(self, version: int, rest: list[Object]) -> str:
        token = uuid.uuid4().hex
        self._pages[token] = (version, rest)
        return token

    def watch(self, call: Call) -> Iterator[Object]:
        """Events from a version on, until the time is over or the server closes."""
        wanted = _predicate(call)
        asked = call.request.query.get("resourceVersion") or "0"
        bringing = call.request.flag("sendInitialEvents")
        with self.store.changed:
            if asked != "0" and not bringing:
                return self._stream(call, wanted, int(asked))
            version, known = self.store.version, self.store.select(call.kind, call.where.namespace)
        begin = [_told("ADDED", call.kind, item) for item in known if wanted(item)]
        if bringing:
            begin.append(_bookmark(call.kind, version, INITIAL_EVENTS_END))
        return chain(begin, self._stream(call, wanted, version))

    def _stream(self, call: Call, wanted: Predicate, version: int) -> Iterator[Object]:
        ends = time.monotonic() + float(call.request.query.get("timeoutSeconds") or 1800)
        marked = time.monotonic()
        while time.monotonic() < ends and not self.store.closed:
            if version < self.store.compacted:
                said = f"too old resource version: {version} ({self.store.compacted})"
                yield {"type": "ERROR", "object": expired(said).status()}
                return
            events, version = self._news(version, ends - time.monotonic())
            for event in events:
                yield from _seen(call, event, wanted)
            if call.request.flag("allowWatchBookmarks") and time.monotonic() - marked >= self.bookmark_every_s:
                marked = time.monotonic()
                yield _bookmark(call.kind, version, {})

    def _news(self, version: int, patience_s: float) -> tuple[list[Event], int]:
        """The events since a version, and the version that one has seen them all at; waits a little for some."""
        with self.store.changed:
            if version == self.store.version:
                self.store.changed.wait(min(self.bookmark_every_s, max(patience_s, 0)))
            if version < self.store.compacted:
                return [], version
            return self.store.since(version), max(version, self.store.version)


def _predicate(call: Call) -> Predicate:
    request, name = call.request, call.where.name
    by_label = label_predicate(request.query.get("labelSelector", ""))
    by_field = field_predicate(request.query.get("fieldSelector", ""), call.kind)
    return lambda item: name in ("", item["metadata"]["name"]) and by_label(item) and by_field(item)


def _seen(call: Call, event: Event, wanted: Predicate) -> Iterator[Object]:
    """An event as one with a selector sees it: what stops matching has gone."""
    kind, namespace = call.kind, call.where.namespace
    if event.key[:2] != (kind.group, kind.plural) or namespace not in ("", event.key.namespace):
        return
    was = event.before is not None and wanted(event.before)
    if event.after is not None and wanted(event.after):
        yield _told("MODIFIED" if was else "ADDED", kind, event.after)
    elif was and event.before is not None:
        metadata = {**event.before["metadata"], "resourceVersion": str(event.version)}
        yield _told("DELETED", kind, {**event.before, "metadata": metadata})


def _told(change: str, kind: Kind, item: Object) -> Object:
    return {"type": change, "object": {**item, "apiVersion": kind.api_version}}


def _bookmark(kind: Kind, version: int, annotations: dict[str, str]) -> Object:
    metadata: Object = {"resourceVersion": str(version), "creationTimestamp": None}
    if annotations:
        metadata["annotations"] = annotations
    return {"type": "BOOKMARK", "object": {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": metadata}}
