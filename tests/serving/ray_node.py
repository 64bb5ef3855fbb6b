"""A Ray node that the test process is part of, as replicas are, with a real GCS."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest
import ray


@pytest.fixture(scope="module")
def ray_node() -> Iterator[psutil.Process]:
    """A node that this process is part of, as replicas are; it is its GCS."""
    with (
        tempfile.TemporaryDirectory(prefix="q", ignore_cleanup_errors=True) as home,
        pytest.MonkeyPatch.context() as env,
    ):
        env.setenv("RAY_AUTH_MODE", "disabled")  # on loopback; Ray reads it once a process
        env.setenv("RAY_USAGE_STATS_ENABLED", "0")
        ray.init(num_cpus=0, include_dashboard=False, object_store_memory=80_000_000, _temp_dir=f"{home}/r")
        try:
            (gcs,) = (each for each in psutil.Process().children() if each.name() == "gcs_server")
            yield gcs
        finally:
            ray.shutdown()


@contextmanager
def away(gcs: psutil.Process) -> Iterator[None]:
    gcs.suspend()
    try:
        yield
    finally:
        gcs.resume()
