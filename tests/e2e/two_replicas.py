"""Fixtures for whoever needs a real fleet that does without one of its replicas: `fleet`, `whole`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.real_fleet import RealFleet


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealFleet]:
    """Two replicas, since what one cannot do the other must."""
    real = RealFleet(tmp_path_factory.mktemp("home"))
    real.up("--replicas", "2")
    yield real
    real.qorch("down")


@pytest.fixture(autouse=True)
def whole(fleet: RealFleet) -> Iterator[None]:
    """Each test starts from, and has to come back to, two ready replicas."""
    fleet.until(lambda: fleet.status()["ready_replicas"] == 2, "two replicas are ready")
    fleet.until_ready()
    yield
    fleet.until(lambda: fleet.status()["ready_replicas"] == 2, "two replicas are ready again")
