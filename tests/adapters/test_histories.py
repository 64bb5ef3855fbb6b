"""The history of a host's fleet and that of a cluster's: one contract, from the disk and from behind a gateway."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.adapters.gateway_api import GatewayApi
from orchestrator.adapters.gateway_history import GatewayHistory
from orchestrator.adapters.ports import free_ports
from orchestrator.adapters.scaling_history import ScalingHistory
from orchestrator.app.history_port import TellsNoHistory
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.scaling.history_parts import MOST_PART_BYTES
from orchestrator.serving.history_telling import HistoryTelling
from tests.adapters.history_contract import HistoryContract, OneDay
from tests.adapters.http_stand_in import HttpStandIn, http_stand_in
from tests.serving.conftest import ADMIN_TOKEN, DEFAULTS, NO_KEYS, Gateway

HISTORY = "GET /qorch/v1/history"


@dataclass
class FromDisk:
    path: Path

    def read(self) -> ScalingHistory:
        return ScalingHistory(self.path)

    def spoil(self) -> None:
        self.path.write_bytes(b"nonsense" * 1000)


@dataclass
class FromGateway:
    path: Path
    gateway: Gateway

    def read(self) -> GatewayHistory:
        telling = HistoryTelling(self.path, self.gateway.parts)
        telling.begin()
        telling.close()
        return GatewayHistory(GatewayApi(self.gateway.url, ADMIN_TOKEN))

    def spoil(self) -> None:
        self.gateway.parts.values = dict.fromkeys(self.gateway.parts.values, b"nonsense")


class TestOfAHost(HistoryContract):
    @pytest.fixture
    def reader(self, path: Path) -> FromDisk:
        return FromDisk(path)


class TestOfACluster(HistoryContract):
    @pytest.fixture
    def reader(self, path: Path) -> Iterator[FromGateway]:
        gateway = Gateway([], NO_KEYS, False, DEFAULTS)
        yield FromGateway(path, gateway)
        gateway.server.stop(drain_s=0)

    def test_no_more_is_asked_for_than_the_minutes_that_are_wanted(self, path: Path, reader: FromGateway) -> None:
        OneDay(path).record()
        history = reader.read()
        (first,) = (name for name in reader.gateway.parts.values if name == "minutes/19999")
        reader.gateway.parts.values[first] = b"never read"
        assert len(history.minutes(most=1)) == 1

    def test_a_part_that_is_forgotten_meanwhile_is_left_out(self, path: Path, reader: FromGateway) -> None:
        OneDay(path).record()
        history = reader.read()
        segments = history.segments()
        names = reader.gateway.parts.names
        reader.gateway.parts.names = lambda: (*names(), "looks/1", "minutes/30000")  # type: ignore[method-assign]
        assert len(list(segments)) == 1
        assert len(history.minutes()) == 5


@pytest.fixture
def gateway() -> Iterator[HttpStandIn]:
    with http_stand_in() as made:
        yield made


@pytest.fixture
def history(gateway: HttpStandIn) -> GatewayHistory:
    return GatewayHistory(GatewayApi(gateway.url, "admin"))


def test_a_gateway_that_knows_of_no_history_is_an_older_one(history: GatewayHistory) -> None:
    with pytest.raises(TellsNoHistory, match="the gateway tells no history: it is of an older version"):
        history.minutes()


@pytest.mark.parametrize("told", ["", "{}", "[]", '{"parts":7}', '{"parts":[7]}', "nonsense"])
def test_a_list_that_is_none_is_said(gateway: HttpStandIn, history: GatewayHistory, told: str) -> None:
    gateway.answers[HISTORY] = (200, told)
    with pytest.raises(EnvironmentNotReady, match="its list of parts is none"):
        history.minutes()


def test_names_that_are_none_are_not_asked_for(gateway: HttpStandIn, history: GatewayHistory) -> None:
    gateway.answers[HISTORY] = (200, {"parts": ["../look", "minutes/x", "state"]})
    assert history.minutes() == ()
    assert len(gateway.asked) == 1


def test_a_gateway_that_refuses_is_told_in_its_words(gateway: HttpStandIn, history: GatewayHistory) -> None:
    gateway.answers[HISTORY] = (503, {"error": {"message": "Ray's GCS tells nothing now: it is away"}})
    with pytest.raises(EnvironmentNotReady, match="tells no history: Ray's GCS tells nothing now: it is away"):
        list(history.segments())


def test_a_gateway_that_is_away_is_said() -> None:
    (port,) = free_ports(1)
    with pytest.raises(EnvironmentNotReady, match=r"the gateway tells no history: .*refused"):
        GatewayHistory(GatewayApi(f"http://127.0.0.1:{port}", "admin")).minutes()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"\0" * (MOST_PART_BYTES + 1), f"it has {MOST_PART_BYTES + 1} bytes, and {MOST_PART_BYTES} is the most"),
        (b"nonsense", "it is damaged"),
        (zlib.compress(b"[{"), "tuple: Invalid JSON"),
    ],
)
def test_a_part_of_no_use_is_named(gateway: HttpStandIn, history: GatewayHistory, value: bytes, said: str) -> None:
    gateway.answers |= {HISTORY: (200, {"parts": ["minutes/1"]}), f"{HISTORY}/minutes/1": (200, value)}
    with pytest.raises(
        EnvironmentNotReady, match=rf"minutes/1 of the history is damaged, or another version's: {said}"
    ):
        history.minutes()
