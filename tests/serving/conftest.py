"""A gateway over engines, as the tests of `serving` need it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

import pytest

from orchestrator.adapters.demo_model import make_demo_gguf
from orchestrator.adapters.in_memory_parts import InMemoryParts
from orchestrator.core.api_keys import KeyRing
from orchestrator.core.by_hand import ReplicaOrder
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.core.hold import HoldLimits
from orchestrator.core.scaling.told import ScalingTold
from orchestrator.core.variant_limits import VariantLimits
from orchestrator.serving.gateway.doors import Doors
from orchestrator.serving.gateway.engine_table import EngineTable
from orchestrator.serving.gateway.http_messages import HttpLimits
from orchestrator.serving.gateway.server import GatewayServer
from orchestrator.serving.gateway.service import GatewayService
from orchestrator.serving.gateway.validation import ModelLimits
from orchestrator.serving.replica_status import ReplicaStatus
from tests.core.scaling.seen_pools import PoolRun, told_of
from tests.engine_fixtures import anyio_backend, llama  # noqa: F401  # fixtures of the tests here
from tests.serving.scripted_engine import Script, ScriptedEngine

MAX_MODEL_LEN = 4096
DEMO = VariantLimits("demo-gguf", "llama.cpp", MAX_MODEL_LEN, max_images=0)
LIMITS = ModelLimits(("demo",), caution_past_tokens=2048, variants=(DEMO,))
DEFAULTS = HttpLimits()
HOLD = HoldLimits(most_requests=100, most_bytes=2**20)
NO_HOLD = HoldLimits(0, 0)
NO_KEYS = KeyRing(b"")
ADMIN_TOKEN = secrets.token_hex(8)
LOOK_TOKEN = secrets.token_hex(8)


def replica(replica_id: str, port: int, max_in_flight: int = 64) -> ReplicaStatus:
    return ReplicaStatus(
        replica_id=replica_id, deployment=DEMO.name, host="127.0.0.1", port=port, model="", engine="llama.cpp",
        ready=True, reason="answers", replica_pid=1, engine_pid=2, max_num_seqs=4, max_in_flight=max_in_flight,
        started_at_s=0.0, load_s=0.1, num_requests_running=0, num_requests_waiting=0, prompt_tokens_total=0,
        generation_tokens_total=0, generation_s_total=0.0,
    )  # fmt: skip


class Gateway:
    """A gateway that listens on a free port of loopback."""

    def __init__(
        self,
        replicas: Sequence[ReplicaStatus],
        ring: KeyRing,
        keys_required: bool,
        http: HttpLimits,
        limits: ModelLimits = LIMITS,
        hold: HoldLimits = HOLD,
        scaling: ScalingTold | None = None,
    ) -> None:
        self.table = EngineTable()
        self.table.update(replicas)
        self.ring = ring
        doors = Doors(lambda: self.ring, lambda: id(self.ring), ADMIN_TOKEN, lambda: self.look_token, keys_required)
        self.look_token = LOOK_TOKEN.encode()
        self.scaling = scaling  # what the policy told last
        self.parts = InMemoryParts()  # of the history that it tells
        self.orders: list[ReplicaOrder] = []  # that were passed on
        self.answer: str | None = ""  # of the replica that is meant
        self.service = GatewayService(
            self.table, doors, limits, 1, hold, cold_start_s={DEMO.name: 1.0}, scaling=lambda: self.scaling,
            pass_on=lambda order: self.pass_on(order), parts=self.parts,
        )  # fmt: skip
        self.server = GatewayServer(self.service.serve, self.service.hold.close, "127.0.0.1", 0, http)
        self.server.start()

    async def pass_on(self, order: ReplicaOrder) -> str | None:
        self.orders.append(order)
        return self.answer

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


Make = Callable[..., Gateway]
Start = Callable[[Script], Awaitable[tuple[ScriptedEngine, int]]]


@pytest.fixture
def gateway() -> Iterator[Make]:
    """Makes gateways over these ports' engines, and stops them at the end."""
    made: list[Gateway] = []

    def make(
        *ports: int,
        ring: KeyRing = NO_KEYS,
        keys_required: bool = False,
        http: HttpLimits = DEFAULTS,
        max_in_flight: int = 64,
        limits: ModelLimits = LIMITS,
        hold: HoldLimits = HOLD,
    ) -> Gateway:
        replicas = [replica(f"r{number}", port, max_in_flight) for number, port in enumerate(ports)]
        made.append(Gateway(replicas, ring, keys_required, http, limits, hold))
        return made[-1]

    yield make
    for each in made:
        each.server.stop(drain_s=0)


@pytest.fixture
async def scripted(anyio_backend: str) -> AsyncIterator[Start]:  # noqa: F811
    """Starts scripted engines, and stops them at the end."""
    running = []

    async def start(script: Script) -> tuple[ScriptedEngine, int]:
        made = ScriptedEngine(script)
        context = made.running()
        running.append(context)
        return made, await context.__aenter__()

    yield start
    for context in running:
        await context.__aexit__(None, None, None)


@pytest.fixture(scope="session")
def spec(tmp_path_factory: pytest.TempPathFactory) -> EngineSpec:
    """The demo model for the real llama.cpp."""
    folder = tmp_path_factory.mktemp("engine")
    return EngineSpec(
        engine="llama.cpp", profile="demo-gguf", device="cpu", model_path=str(make_demo_gguf(folder)), mmproj_path=None,
        served_model_names=("demo",), max_model_len=MAX_MODEL_LEN, max_num_seqs=4, threads=1,
        prompt_cache_mib=0, context_checkpoints=1, log_dir=str(folder),
    )  # fmt: skip


@pytest.fixture
def told() -> ScalingTold:
    """What the policy of a busy pool tells."""
    run = PoolRun()
    run.run(60, 9.0)
    return told_of(run)
