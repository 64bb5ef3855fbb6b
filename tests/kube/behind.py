"""What is behind the server: services that it is a proxy to, and logs of pods, as a test lays them down."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import urllib3

from tests.kube.door import Answer
from tests.kube.errors import ApiError, not_found
from tests.kube.routes import Request, Route
from tests.kube.store import Key, Store

UNREACHED = "unreached"  # an address that a NetworkPolicy keeps the server from
NOT_PASSED_ON = ("authorization", "host", "connection", "content-length")


@dataclass
class Behind:
    """`services` has addresses, of pods too, by namespace and `NAME:PORT`; `logs` texts by namespace, pod, container.

    A log of the container before it ended last is that of `CONTAINER (previous)`.
    """

    store: Store
    services: dict[tuple[str, str], str] = field(default_factory=dict)
    logs: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def proxied(self, request: Request, where: Route) -> Answer:
        """As an API server: who asks is known by `Authorization`, which goes no further."""
        name = where.name.split(":")[0]
        if self.store.get(Key("", where.plural, where.namespace, name)) is None:
            raise not_found(where.plural, name)
        address = self.services.get((where.namespace, where.name))
        if address is None:
            raise ApiError(503, "ServiceUnavailable", f'no endpoints available for service "{name}"')
        if address == UNREACHED:
            said = "error trying to reach service: dial tcp 10.0.0.7:8000: i/o timeout"
            raise ApiError(503, "ServiceUnavailable", said)
        headers = {name: value for name, value in request.headers.items() if name not in NOT_PASSED_ON}
        with urllib3.PoolManager() as pool:
            body = None if request.body is None else json.dumps(request.body).encode()
            url = f"{address}{where.beyond or '/'}"
            answer = pool.request(request.method, url, body=body, headers=headers, retries=False)
        return Answer(answer.status, answer.data)

    def log(self, request: Request, where: Route) -> Answer:
        """Of one container: all of it, so many of its last lines, or those since a second."""
        if self.store.get(Key("", "pods", where.namespace, where.name)) is None:
            raise not_found("pods", where.name)
        container = request.query.get("container", "")
        if request.flag("previous"):
            container += " (previous)"
        text = self.logs.get((where.namespace, where.name, container))
        if text is None:
            raise ApiError(400, "BadRequest", f'container "{container}" in pod "{where.name}" is not available')
        lines = [(_printed_at(number), line) for number, line in enumerate(text.splitlines(keepends=True))]
        since = request.query.get("sinceTime", "")
        found = [(at, line) for at, line in lines if at.isoformat() >= since.rstrip("Z")]
        tail = request.query.get("tailLines")
        told = found if tail is None else found[max(0, len(found) - int(tail)) :]
        stamps = request.flag("timestamps")
        return Answer(200, "".join(f"{_stamp(at)} {line}" if stamps else line for at, line in told).encode())


def _printed_at(number: int) -> datetime:
    """Two lines of a log each second."""
    return datetime(2026, 1, 1) + timedelta(seconds=number / 2)


def _stamp(at: datetime) -> str:
    """To the nanosecond, as a kubelet has it."""
    return f"{at.isoformat(timespec='microseconds')}000Z"
