"""A gateway over engines, as the tests of `serving` need it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence

import pytest

from orchestrator.core.api_keys import KeyRing
from orchestrator.serving.gateway.doors import Doors
from orchestrator.serving.gateway.engine_table import EngineTable
from orchestrator.serving.gateway.http_messages import HttpLimits
from orchestrator.serving.gateway.server import GatewayServer
from orchestrator.serving.gateway.service import GatewayService
from orchestrator.serving.gateway.validation import ModelLimits
from orchestrator.serving.replica_status import ReplicaStatus

LIMITS = ModelLimits(("demo",), max_model_len=4096, caution_past_tokens=2048, max_images=0)
ADMIN_TOKEN = secrets.token_hex(8)
NO_KEYS = KeyRing(b"")
DEFAULT_LIMITS = HttpLimits()


def replica(replica_id: str, port: int, max_in_flight: int = 64) -> ReplicaStatus:
    return ReplicaStatus(
        replica_id=replica_id, host="127.0.0.1", port=port, engine="llama.cpp", ready=True, reason="answers",
        replica_pid=1, engine_pid=2, max_num_seqs=4, max_in_flight=max_in_flight, started_at_s=0.0, load_s=0.1,
        num_requests_running=0, num_requests_waiting=0, prompt_tokens_total=0, generation_tokens_total=0,
    )  # fmt: skip


class Gateway:
    """A gateway that listens on a free port of loopback."""

    def __init__(self, replicas: Sequence[ReplicaStatus], ring: KeyRing, keys_required: bool, http: HttpLimits) -> None:
        self.table = EngineTable()
        self.table.update(replicas)
        self.ring = ring
        doors = Doors(lambda: self.ring, lambda: id(self.ring), ADMIN_TOKEN, keys_required)
        self.service = GatewayService(self.table, doors, LIMITS, created_s=1)
        self.server = GatewayServer(self.service.serve, "127.0.0.1", 0, http)
        self.server.start()

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def gateway() -> Iterator[Callable[..., Gateway]]:
    """Makes gateways over these ports' engines, and stops them at the end."""
    made: list[Gateway] = []

    def make(
        *ports: int,
        ring: KeyRing = NO_KEYS,
        keys_required: bool = False,
        http: HttpLimits = DEFAULT_LIMITS,
        max_in_flight: int = 64,
    ) -> Gateway:
        replicas = [replica(f"r{number}", port, max_in_flight) for number, port in enumerate(ports)]
        made.append(Gateway(replicas, ring, keys_required, http))
        return made[-1]

    yield make
    for each in made:
        each.server.stop(drain_s=0)
