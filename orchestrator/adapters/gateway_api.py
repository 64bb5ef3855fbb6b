"""The gateway as its fleet's own tools see it: is it ready, and what does it know of its engines and its traffic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from orchestrator.adapters.scaling_file import JSON
from orchestrator.core.answered import Answered
from orchestrator.core.by_hand import ReplicaOrder
from orchestrator.core.deployment import ADMIN_HEADER
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.fleet import Decided, EngineView, decided_from_data
from orchestrator.core.held import Held
from orchestrator.core.live.histogram import Histogram
from orchestrator.core.live.reading import EngineTraffic, Traffic
from orchestrator.core.live.told_gpus import TOLD_GPUS, ToldGpus
from orchestrator.core.scaling.pool_state import PoolState

READY_TIMEOUT_S = 5.0  # an engine is asked
LOOK_TIMEOUT_S = 2.0
ORDER_TIMEOUT_S = 10.0  # every replica is asked whether it is the one
HISTORY_TIMEOUT_S = 10.0  # Ray's GCS is asked
ORDER, HISTORY = "/qorch/v1/replicas/order", "/qorch/v1/history"
NOT_TOLD = (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True)
class GatewayLook:
    """All that a gateway tells at one moment."""

    any_ready: bool  # as far as it knows; no engine was asked
    engines: Mapping[str, EngineView]
    replicas: Mapping[str, str]  # ids, by the addresses of their engines
    held: Held | None  # None where it holds nothing
    traffic: Traffic
    decided: Decided | None  # the last decision; None where there is none, or the gateway is an older one
    gpus: Mapping[str, ToldGpus] = field(default_factory=dict)  # as the replicas read them, where they do


class GatewayApi:
    """One gateway, asked with a token of its fleet; every answer is None when it does not answer at all."""

    def __init__(self, url: str, token: str, through: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(base_url=url, timeout=READY_TIMEOUT_S, transport=through)
        self._own = {"Authorization": f"Bearer {token}", ADMIN_HEADER: token}

    def ready(self) -> bool | None:
        """Whether a model answers."""
        try:
            return self._client.get("/ready").status_code == 200
        except httpx.HTTPError:
            return None

    def look(self, by: str = "replica_id") -> GatewayLook | None:
        """What it knows, engines by a field of theirs; None also where it refuses, or is of another version."""
        try:
            return _look(self._told("/qorch/v1/look"), by)
        except NOT_TOLD:
            return None

    def decisions(self) -> tuple[Decided, ...] | None:
        """The latest that changed the number of replicas, the oldest first; None as for `look`."""
        try:
            return tuple(map(decided_from_data, self._told("/qorch/v1/decisions")["decisions"]))
        except NOT_TOLD:
            return None

    def history(self, part: str = "") -> httpx.Response:
        """One part of the history as bytes, or without a name which there are; raises httpx.HTTPError."""
        return self._asked(f"{HISTORY}/{part}" if part else HISTORY, HISTORY_TIMEOUT_S)

    def learned(self) -> PoolState | None:
        """What the policy goes on from; None as for `look`, or where nothing was decided yet."""
        try:
            text = self._asked("/qorch/v1/learned", LOOK_TIMEOUT_S).raise_for_status().content
            return None if text == b"null" else JSON.load(text)
        except NOT_TOLD:
            return None

    def order(self, order: ReplicaOrder) -> None:
        """Have a replica do something; raises EnvironmentNotReady with what the gateway, or the replica, says to it."""
        try:
            answer = self._client.post(ORDER, json=order.to_data(), headers=self._own, timeout=ORDER_TIMEOUT_S)
        except httpx.HTTPError as error:
            raise EnvironmentNotReady(f"the gateway does not take the order: {error}") from error
        if answer.status_code != 200:
            raise EnvironmentNotReady(refusal(answer))

    def _told(self, path: str) -> Any:
        return self._asked(path, LOOK_TIMEOUT_S).raise_for_status().json()

    def _asked(self, path: str, timeout_s: float) -> httpx.Response:
        return self._client.get(path, headers=self._own, timeout=timeout_s)


def refusal(answer: httpx.Response) -> str:
    """Why the gateway does not do what it was asked for, in its own words."""
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"the gateway answers {answer.status_code}"


def _look(told: dict[str, Any], by: str) -> GatewayLook:
    return GatewayLook(
        any_ready=bool(told["any_ready"]),
        engines={row[by]: engine_view(row) for row in told["replicas"]},
        replicas={row["host"]: row["replica_id"] for row in told["replicas"]},
        held=Held(**told["held"]) if told["held"] else None,
        traffic=replace(
            _traffic(told["traffic"]),
            requests=_requests(told.get("requests", {})),
            failed_requests=_requests(told.get("failed_requests", {})),
        ),
        decided=decided_from_data(told["decided"]) if told.get("decided") else None,
        gpus={row[by]: TOLD_GPUS.value(row["gpus"]) for row in told["replicas"] if "gpus" in row},
    )


def _traffic(told: dict[str, Any]) -> Traffic:
    ttft, tpot = _histogram(told["ttft"]), _histogram(told["tpot"])
    engines = {
        name: EngineTraffic(each["failed_total"], Histogram(ttft.bounds, tuple(each["ttft"])))
        for name, each in told["engines"].items()
    }
    return Traffic(**{**told, "ttft": ttft, "tpot": tpot, "engines": engines})


def _requests(columns: Mapping[str, list[Any]]) -> tuple[Answered, ...]:
    """A gateway of another version may tell more, or nothing."""
    known = {name: values for name, values in columns.items() if name in Answered.__dataclass_fields__}
    return tuple(Answered(**dict(zip(known, values, strict=True))) for values in zip(*known.values(), strict=True))


def _histogram(buckets: Iterable[tuple[str, float]]) -> Histogram:
    bounds, counts = zip(*buckets, strict=True)
    return Histogram(tuple(map(float, bounds)), counts)


def engine_view(row: dict[str, Any]) -> EngineView:
    """What the gateway tells of an engine; its memory is not the gateway's to measure."""
    names = EngineView.__dataclass_fields__.keys() - {"pid", "memory_bytes", "devices"}
    told = {name: row[name] for name in names & row.keys()}  # a gateway of before tells less
    return EngineView(pid=row["engine_pid"], devices=tuple(row["devices"]), **told)


def client_host(bind_host: str) -> str:
    """The address to call for a gateway that listens on `bind_host`."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind_host, bind_host)
    return f"[{host}]" if ":" in host else host
