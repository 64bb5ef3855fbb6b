"""What a policy tells through Ray's GCS: a real one, that is stopped and that comes back."""

from __future__ import annotations

import logging
import zlib
from dataclasses import asdict, replace
from pathlib import Path

import psutil
import pytest
import ray
from ray.experimental.internal_kv import internal_kv_get_gcs_client

from orchestrator.adapters.scaling_file import write_state
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.told import MOST_DECISIONS, ScalingTold
from orchestrator.serving import gcs_kv, scaling_kv
from orchestrator.serving.autoscaling import PoolPolicy
from orchestrator.serving.gcs_kv import NAMESPACE, KvError
from orchestrator.serving.scaling_kv import KEY, put_told, read_value, told_from
from orchestrator.serving.scaling_news import ScalingNews
from orchestrator.serving.scaling_remembered import remembered
from orchestrator.serving.scaling_telling import ScalingTelling
from tests.serving.ray_node import away, ray_node
from tests.serving.test_autoscaling import PRIOR, Controller

__all__ = ["ray_node"]

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # Ray's own


@pytest.fixture(autouse=True)
def gcs(ray_node: psutil.Process) -> psutil.Process:
    """That has nothing yet."""
    internal_kv_get_gcs_client().internal_kv_del(KEY, False, NAMESPACE)
    return ray_node


def there() -> ScalingTold | None:
    value = read_value()
    return None if value is None else told_from(value)


def later(told: ScalingTold, by_s: float) -> ScalingTold:
    memory = replace(told.state.memory, looked_at_s=told.state.memory.looked_at_s + by_s)
    return replace(told, state=replace(told.state, memory=memory))


def a_policy(folder: Path) -> PoolPolicy:
    return PoolPolicy(str(folder / "scaling.json"), asdict(ScalingPolicy(least_hold_s=10.0)), asdict(PRIOR))


def test_what_is_put_comes_back_as_it_was(told: ScalingTold) -> None:
    assert there() is None
    put_told(told)
    assert there() == told
    put_told(later(told, 1.0))
    assert there() == later(told, 1.0)


def test_every_process_of_the_cluster_reads_it(told: ScalingTold) -> None:
    @ray.remote(num_cpus=0)
    def elsewhere() -> bytes | None:
        return read_value()

    put_told(told)
    assert ray.get(elsewhere.remote()) == read_value()


@pytest.mark.parametrize("value", [b"", b"{}", zlib.compress(b"{}"), zlib.compress(b'{"state":null,"decisions":[]}')])
def test_what_is_damaged_or_another_versions_is_refused(value: bytes) -> None:
    with pytest.raises(KvError, match="is damaged, or another version's: "):
        told_from(value)


def test_what_is_too_large_is_not_put(told: ScalingTold, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling_kv, "MOST_BYTES", 100)
    with pytest.raises(KvError, match=r"takes \d+ bytes, and 100 is the most"):
        put_told(told)
    assert read_value() is None


def test_a_policy_tells_each_change_and_its_state(tmp_path: Path) -> None:
    controller = Controller(a_policy(tmp_path))
    assert controller.busy(30) == 3
    controller.policy._record.close()
    told = there()
    assert told is not None
    assert [(each.before["demo"], each.decision.replicas["demo"]) for each in told.decisions] == [(1, 3)]
    assert told.state.changes["demo"].up == 1
    assert told.last.decision.replicas == {"demo": 3}


def test_a_policy_on_another_node_goes_on_where_the_one_before_it_was(tmp_path: Path) -> None:
    first = Controller(a_policy(tmp_path / "old"))
    first.busy(30)
    first.policy._record.close()
    before = there()
    assert before is not None
    second = Controller(a_policy(tmp_path / "new"))
    assert second.policy._memory == before.state.memory
    second.second, second.target = first.second, first.target
    second.busy(10)
    second.policy._record.close()
    after = there()
    assert after is not None
    assert after.state.memory.watched_s > before.state.memory.watched_s
    assert after.state.changes == before.state.changes
    assert after.decisions == before.decisions


def test_of_what_is_here_and_there_the_newest_counts(told: ScalingTold, tmp_path: Path) -> None:
    path = tmp_path / "scaling.json"
    write_state(path, told.state)
    put_told(later(told, -1.0))
    assert remembered(path) == replace(told, decisions=())
    put_told(later(told, 1.0))
    assert remembered(path) == later(told, 1.0)


def test_a_store_that_ended_with_its_head_is_made_up_for_by_the_files(tmp_path: Path) -> None:
    controller = Controller(a_policy(tmp_path))
    controller.busy(30)
    controller.policy._record.close()
    before = there()
    internal_kv_get_gcs_client().internal_kv_del(KEY, False, NAMESPACE)
    assert before is not None
    assert remembered(tmp_path / "scaling.json") == before
    (tmp_path / "history.db").write_text("no database")
    assert remembered(tmp_path / "scaling.json") == replace(before, decisions=())


def test_what_another_version_has_told_is_dropped_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    internal_kv_get_gcs_client().internal_kv_put(KEY, zlib.compress(b"{}"), True, NAMESPACE)
    logging.getLogger("ray.serve").propagate = True
    with caplog.at_level(logging.WARNING, "ray.serve"):
        controller = Controller(a_policy(tmp_path))
    assert "what scaling had told is dropped: what Ray's GCS has of scaling is damaged" in caplog.text
    assert controller.busy(30) == 3


def test_no_more_decisions_are_told_than_are_kept(told: ScalingTold, tmp_path: Path) -> None:
    many = tuple(replace(told.last, at_s=float(second)) for second in range(MOST_DECISIONS))
    put_told(replace(told, decisions=many))
    controller = Controller(a_policy(tmp_path))
    controller.second = round(told.last.at_s)
    controller.busy(30)
    controller.policy._record.close()
    after = there()
    assert after is not None
    assert len(after.decisions) == MOST_DECISIONS
    assert after.decisions[0].at_s > 0


def test_a_gcs_that_is_away_holds_nobody_up_and_has_the_latest_once_it_is_back(
    gcs: psutil.Process, told: ScalingTold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gcs_kv, "TIMEOUT_S", 60.0)
    telling = ScalingTelling()
    with away(gcs):
        for number in range(1000):
            telling.tell(later(told, float(number)))
        assert len(telling._waiting) <= 1
    telling.close()
    assert there() == later(told, 999.0)


def test_one_that_stays_away_is_said_and_the_next_time_it_is_told_again(
    gcs: psutil.Process, told: ScalingTold, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(gcs_kv, "TIMEOUT_S", 0.2)
    logging.getLogger("ray.serve").propagate = True
    telling = ScalingTelling()
    with away(gcs), caplog.at_level(logging.WARNING, "ray.serve"):
        telling.tell(told)
        telling._thread.submit(lambda: None).result()
    assert "gateways are not told of scaling: Ray's GCS takes nothing now: " in caplog.text
    assert "Traceback" not in caplog.text
    monkeypatch.setattr(gcs_kv, "TIMEOUT_S", 60.0)
    telling.tell(later(told, 1.0))
    telling.close()
    assert there() == later(told, 1.0)


def test_a_gateway_keeps_what_it_has_read_while_nothing_is_told_and_says_so_once(
    gcs: psutil.Process, told: ScalingTold, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    news = ScalingNews()
    news.read()
    assert news.told is None
    put_told(told)
    news.read()
    first = news.told
    assert first == told
    monkeypatch.setattr(gcs_kv, "TIMEOUT_S", 0.2)
    with away(gcs), caplog.at_level(logging.WARNING):
        for _ in range(2):
            news.read()
    assert caplog.text.count("Ray's GCS tells nothing now") == 1
    monkeypatch.setattr(gcs_kv, "TIMEOUT_S", 60.0)
    news.read()
    assert news.told is first


def test_a_gateway_tells_nothing_of_another_versions_policy(told: ScalingTold) -> None:
    news = ScalingNews()
    put_told(told)
    news.read()
    internal_kv_get_gcs_client().internal_kv_put(KEY, zlib.compress(b"{}"), True, NAMESPACE)
    news.read()
    assert news.told is None
