"""Fixtures for whoever needs GPUs: `from tests.adapters.nvml_fixtures import library, nvml`."""

from __future__ import annotations

import pytest

from tests.adapters.nvml_stand_in import NvmlStandIn


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> NvmlStandIn:
    """The compiled stand-in, once a module."""
    return NvmlStandIn(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def nvml(library: NvmlStandIn, monkeypatch: pytest.MonkeyPatch) -> NvmlStandIn:
    """The stand-in, in place of the driver's library for child processes."""
    library.take_the_drivers_place(monkeypatch)
    return library
