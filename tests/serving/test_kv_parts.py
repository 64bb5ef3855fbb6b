"""The parts of a history in Ray's GCS, a real one, and in the store that stands in for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest
import ray

from orchestrator.adapters.in_memory_parts import InMemoryParts
from orchestrator.adapters.part_values import minutes_from, segment_from
from orchestrator.adapters.scaling_history import ScalingHistory
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.verify import verified
from orchestrator.serving import gcs_kv
from orchestrator.serving.autoscaling import PoolPolicy
from orchestrator.serving.gcs_kv import kv_get, kv_put
from orchestrator.serving.kv_parts import KvParts
from tests.serving.parts_contract import PartsContract
from tests.serving.ray_node import away, ray_node
from tests.serving.test_autoscaling import PRIOR, Controller

__all__ = ["ray_node"]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # Ray's own


@pytest.fixture
def kv_parts(ray_node: psutil.Process) -> Iterator[KvParts]:
    parts = KvParts()
    yield parts
    for name in parts.names():
        parts.remove(name)


class TestInGcs(PartsContract):
    @pytest.fixture
    def parts(self, kv_parts: KvParts) -> KvParts:
        return kv_parts


class TestInMemory(PartsContract):
    @pytest.fixture
    def parts(self) -> InMemoryParts:
        return InMemoryParts()


def test_every_process_of_the_cluster_reads_them(kv_parts: KvParts) -> None:
    @ray.remote(num_cpus=0)
    def elsewhere() -> tuple[tuple[str, ...], bytes | None]:
        return KvParts().names(), KvParts().get("looks/1")

    kv_parts.put("looks/1", b"one")
    assert ray.get(elsewhere.remote()) == (("looks/1",), b"one")


def test_what_else_is_kept_there_is_none_of_them(kv_parts: KvParts) -> None:
    kv_put(b"history/0/looks/1", b"another version's")
    kv_put(b"scaling/other", b"told")
    assert kv_parts.names() == ()
    kv_parts.put("looks/1", b"one")
    assert kv_get(b"history/0/looks/1") == b"another version's"


def a_policy(folder: Path, goal: str | None) -> PoolPolicy:
    return PoolPolicy(str(folder / "scaling.json"), asdict(ScalingPolicy(least_hold_s=10.0)), asdict(PRIOR), goal)


def test_a_policy_on_a_pod_tells_its_history_which_one_in_another_pod_goes_on_with(
    kv_parts: KvParts, tmp_path: Path
) -> None:
    first = Controller(a_policy(tmp_path / "old", f"{tmp_path}/goal.json"))
    first.busy(90)
    first.policy._record.close()
    second = Controller(a_policy(tmp_path / "new", f"{tmp_path}/goal.json"))
    second.second, second.target = first.second, first.target
    second.busy(90)
    second.policy._record.close()
    looks = [segment_from(kv_parts.get(name) or b"") for name in sorted(kv_parts.names()) if name.startswith("looks/")]
    (day,) = (name for name in kv_parts.names() if name.startswith("minutes/"))
    minutes = minutes_from(kv_parts.get(day) or b"")
    assert minutes == ScalingHistory(tmp_path / "new" / "history.db").minutes()
    assert sum(each.watched_s for each in minutes) > 170
    *_, found = verified(looks)
    assert found.looks > 170
    assert found.difference is None


def test_a_policy_on_a_host_tells_it_to_nobody_who_can_read_its_disk(kv_parts: KvParts, tmp_path: Path) -> None:
    controller = Controller(a_policy(tmp_path, None))
    controller.busy(90)
    controller.policy._record.close()
    assert kv_parts.names() == ()
    assert (tmp_path / "history.db").exists()


def test_a_store_that_is_away_is_said_and_holds_nobody_up_for_long(
    ray_node: psutil.Process, kv_parts: KvParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gcs_kv, "TIMEOUT_S", 0.2)
    with away(ray_node):
        with pytest.raises(EnvironmentNotReady, match="Ray's GCS takes nothing now: "):
            kv_parts.put("looks/1", b"")
        with pytest.raises(EnvironmentNotReady, match="Ray's GCS takes nothing now: "):
            kv_parts.remove("looks/1")
        with pytest.raises(EnvironmentNotReady, match="Ray's GCS tells nothing now: "):
            kv_parts.names()
        with pytest.raises(EnvironmentNotReady, match="Ray's GCS tells nothing now: "):
            kv_parts.get("looks/1")
    monkeypatch.setattr(gcs_kv, "TIMEOUT_S", 60.0)
