"""Getting, listing page by page, and watching."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator

from tests.kube.errors import expired, not_found
from tests.kube.kinds import Kind, Object
from tests.kube.routes import Request, Route
from tests.kube.selectors import Predicate, field_predicate, label_predicate
from tests.kube.store import Event, Key, Store

INITIAL_EVENTS_END = {"k8s.io/initial-events-end": "true"}


class Reads:
    """Everything that changes nothing."""

    bookmark_every_s = 0.5

    def __init__(self, store: Store) -> None:
        self.store = store
        self._pages: dict[str, tuple[int, list[Object]]] = {}

    def get(self, kind: Kind, where: Route) -> Object:
        item = self.store.get(Key(kind.group, kind.plural, where.namespace, where.name))
        if item is None:
            raise not_found(kind.resource, where.name)
        return {**item, "apiVersion": kind.api_version}

    def list(self, kind: Kind, where: Route, request: Request) -> Object:
        """One page, all pages of a list at the same version."""
        version, found = self._remaining(kind, where, request)
        limit = int(request.query.get("limit") or 0) or len(found)
        page, rest = found[:limit], found[limit:]
        metadata: Object = {"resourceVersion": str(version)}
        if rest:
            metadata["continue"] = self._kept(version, rest)
            if not (request.query.get("labelSelector") or request.query.get("fieldSelector")):
                metadata["remainingItemCount"] = len(rest)
        items = [{**item, "apiVersion": kind.api_version} for item in page]
        return {"apiVersion": kind.api_version, "kind": f"{kind.kind}List", "metadata": metadata, "items": items}

    def _remaining(self, kind: Kind, where: Route, request: Request) -> tuple[int, list[Object]]:
        token = request.query.get("continue")
        with self.store.changed:
            if not token:
                wanted = _predicate(kind, where, request)
                found = [item for item in self.store.select(kind, where.namespace) if wanted(item)]
                return self.store.version, found
            version, rest = self._pages.get(token, (-1, []))
            if version < self.store.compacted:
                raise expired("The provided continue parameter is too old to display a consistent list result.")
            return version, rest

    def _kept(self, version: int, rest: list[Object]) -> str:
        token = uuid.uuid4().hex
        self._pages[token] = (version, rest)
        return token

    def watch(self, kind: Kind, where: Route, request: Request) -> Iterator[Object]:
        """Events from a version on, until the time is over or the server closes."""
        wanted = _predicate(kind, where, request)
        asked = request.query.get("resourceVersion") or "0"
        from_now = asked == "0" or request.flag("sendInitialEvents")
        with self.store.changed:
            version = self.store.version if from_now else int(asked)
            known = self.store.select(kind, where.namespace) if from_now else []
        yield from (_told("ADDED", kind, item) for item in known if wanted(item))
        if request.flag("sendInitialEvents"):
            yield _bookmark(kind, version, INITIAL_EVENTS_END)
        yield from self._stream(kind, where, request, wanted, version)

    def _stream(self, kind: Kind, where: Route, request: Request, wanted: Predicate, version: int) -> Iterator[Object]:
        ends = time.monotonic() + float(request.query.get("timeoutSeconds") or 1800)
        marked = time.monotonic()
        while time.monotonic() < ends and not self.store.closed:
            with self.store.changed:
                if version < self.store.compacted:
                    said = f"too old resource version: {version} ({self.store.compacted})"
                    yield {"type": "ERROR", "object": expired(said).status()}
                    return
                if not self.store.since(version):
                    self.store.changed.wait(min(self.bookmark_every_s, max(ends - time.monotonic(), 0)))
                events, version = self.store.since(version), self.store.version
            for event in events:
                if event.key[:2] == (kind.group, kind.plural) and where.namespace in ("", event.key.namespace):
                    yield from _seen(kind, event, wanted)
            if request.flag("allowWatchBookmarks") and time.monotonic() - marked >= self.bookmark_every_s:
                marked = time.monotonic()
                yield _bookmark(kind, version, {})


def _predicate(kind: Kind, where: Route, request: Request) -> Predicate:
    by_label = label_predicate(request.query.get("labelSelector", ""))
    by_field = field_predicate(request.query.get("fieldSelector", ""), kind)
    return lambda item: where.name in ("", item["metadata"]["name"]) and by_label(item) and by_field(item)


def _seen(kind: Kind, event: Event, wanted: Predicate) -> Iterator[Object]:
    """An event as one with a selector sees it: what stops matching has gone."""
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
