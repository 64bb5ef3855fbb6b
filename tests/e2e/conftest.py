"""A real fleet on this machine: real Ray, real llama.cpp, the demo model, started by the command itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.real_fleet import RealFleet


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealFleet]:
    """One fleet of one replica, shared by the tests that leave it as they found it."""
    real = RealFleet(tmp_path_factory.mktemp("home"))
    real.up()
    yield real
    real.qorch("down")


@pytest.fixture
def own_fleet(tmp_path: Path) -> Iterator[RealFleet]:
    """A fleet of the test's own, not yet up; it is down at the end whatever happened to it."""
    real = RealFleet(tmp_path)
    yield real
    real.qorch("down")
