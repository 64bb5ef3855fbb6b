"""A hub, a file, and the source of weights over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.adapters.hub import Hub
from orchestrator.adapters.hub_weights import HubWeights
from tests.adapters.hub_stand_in import HubStandIn
from tests.adapters.model_samples import gguf_bytes


@pytest.fixture
def stand_in() -> Iterator[HubStandIn]:
    with HubStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def body(tmp_path: Path) -> bytes:
    """A GGUF file of half a megabyte, so that it arrives in several pieces."""
    return gguf_bytes(tmp_path, weights=131_072)


@pytest.fixture
def new_source(stand_in: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., HubWeights]:
    """Makes the source as a fresh run of qorch would have it; it never really sleeps."""
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.delenv("HF_TOKEN", raising=False)

    def make(endpoint: str = stand_in.endpoint, free: int = 1 << 40, offline: bool = False) -> HubWeights:
        hub = Hub(endpoint, offline=offline, sleep=lambda _: None)
        return HubWeights(hub, tmp_path / "hub", tmp_path / "notes", lambda _: free)

    return make


@pytest.fixture
def source(new_source: Callable[..., HubWeights]) -> HubWeights:
    return new_source()
