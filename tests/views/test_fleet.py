"""A fleet as people and programs see it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from orchestrator.core.amounts import MIB
from orchestrator.core.deployment import Predicted
from orchestrator.core.fleet import Application, EngineView, Fleet, Replica
from orchestrator.core.held import Held
from orchestrator.core.observed import fleet_of, with_held
from orchestrator.core.prediction import Prediction
from orchestrator.views.fleet import fleet_data, fleet_text, replica_rows
from orchestrator.views.units import age_text
from tests.app.samples import demo_spec

SPEED = Prediction(35.2, 120.0, 8, 900.0, 1.1, 1024, 256, 12.0, ())
DEMO = demo_spec()
SPEC = replace(DEMO, variants=(replace(DEMO.variants[0], predicted=Predicted(560 * MIB, SPEED)),))
VIEW = EngineView(1842, 40123, True, "answers completions", 0.42, 4, 1, 1, 0, 1234, 56789, 1800.0, 450 * MIB)
ENGINE = Replica("cnedz0oj", "demo-gguf", "RUNNING", 1801, "127.0.0.1", 1000.0, VIEW)
STARTING = Replica("8kfp2q1x", "demo-gguf", "STARTING", None, None, None)
GATEWAY = Replica("9tyl8ojr", "gateway", "RUNNING", 1802, "127.0.0.1", 990.0)

GOLDEN = """\
default: Degraded  1/2 ready  demo-gguf on llama.cpp  http://127.0.0.1:8000/v1
planned for each replica of demo-gguf: at most 560.0 MiB; 35.2 tok/s a stream, 120 tok/s with many

  yes  ControllerReachable: the application is DEPLOYING (Answers)
  yes  Available: a model answers (Answers)
  NO   ReplicasReady: 1 of 2 replicas run (DEPLOYING)

REPLICA   KIND       STATE     REASON                   AGE    MEMORY     TOK/S
8kfp2q1x  demo-gguf  STARTING  not seen by the gateway  -      -          -
cnedz0oj  demo-gguf  RUNNING   answers completions      3m20s  450.0 MiB  31.5
9tyl8ojr  gateway    RUNNING   -                        3m30s  -          -"""

WIDE_ROW = (
    "cnedz0oj  demo-gguf  RUNNING   answers completions      3m20s  450.0 MiB  31.5   1801  1842        40123  0.4s  1"
    "        0        1,234       56,789"
)


def fleet(*replicas: Replica) -> Fleet:
    application = Application("DEPLOYING", "", 2, replicas)
    return fleet_of(SPEC, "http://127.0.0.1:8000/v1", application, True)


def test_the_text_is_one_line_for_the_fleet_its_conditions_and_a_row_a_replica() -> None:
    assert fleet_text(fleet(GATEWAY, ENGINE, STARTING), now_s=1200.0) == GOLDEN


def test_wide_adds_what_the_engine_tells_of_itself() -> None:
    text = fleet_text(fleet(GATEWAY, ENGINE, STARTING), now_s=1200.0, wide=True)
    assert WIDE_ROW in text.splitlines()


def test_every_row_is_as_wide_as_the_head() -> None:
    for wide, width in ((False, 7), (True, 15)):
        assert {len(row) for row in replica_rows(fleet(GATEWAY, ENGINE, STARTING), 0.0, wide)} == {width}


def test_an_engine_that_has_died_says_why() -> None:
    dead = replace(ENGINE, engine=replace(VIEW, ready=False, reason="killed by signal 9"))
    assert "killed by signal 9" in fleet_text(fleet(dead), 0.0)


def test_a_fleet_of_which_nothing_is_seen_is_shown_all_the_same() -> None:
    gone = fleet_of(demo_spec(), "http://127.0.0.1:8000/v1", None, None)
    assert fleet_text(gone, 0.0).startswith("default: Unavailable  0/1 ready")


def test_what_was_not_predicted_or_not_measured_is_not_made_up() -> None:
    silent = replace(ENGINE, engine=replace(VIEW, generation_s_total=0.0, memory_bytes=None))
    probed = replace(ENGINE, engine=replace(VIEW, generation_tokens_total=1, generation_s_total=1e-6))
    assert replica_rows(fleet(probed), 0.0)[0][-1] == "-"
    assert replica_rows(fleet(silent), 0.0)[0][-2:] == ("-", "-")
    spec = replace(SPEC, variants=(replace(SPEC.variants[0], predicted=Predicted(560 * MIB, None)),))
    assert "at most 560.0 MiB; speed not predicted" in fleet_text(fleet_of(spec, "", None, None), 0.0)


def test_data_holds_everything_and_goes_through_json() -> None:
    data = json.loads(json.dumps(fleet_data(fleet(GATEWAY, ENGINE))))
    assert (data["phase"], data["ready_replicas"], data["target_num_replicas"]) == ("Degraded", 1, 2)
    assert [replica["replica_id"] for replica in data["replicas"]] == ["9tyl8ojr", "cnedz0oj"]
    assert data["replicas"][1]["engine"]["generation_tokens_total"] == 56789
    assert data["replicas"][0]["engine"] is None
    assert data["conditions"][2]["reason"] == "DEPLOYING"


@pytest.mark.parametrize(("expected_s", "expected"), [(7.6, "expected in 8s"), (0.0, "overdue")])
def test_what_the_gateway_holds_is_one_line_and_none_where_it_holds_nothing(expected_s: float, expected: str) -> None:
    held = Held(1200, 90_000, 1150.0, expected_s, engines_full=False)
    seen = with_held(fleet(STARTING, GATEWAY), held)
    line = f"requests held: 1,200, the oldest for 50s; a replica is starting, {expected}"
    assert line in fleet_text(seen, now_s=1200.0).splitlines()
    assert fleet_data(seen)["held"]["reason"] == "a replica is starting"
    assert "held" not in fleet_text(with_held(fleet(STARTING), None), now_s=1200.0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0s"), (0, "0s"), (59.9, "59s"), (60, "1m0s"), (3599, "59m59s"), (3600, "1h0m"), (90061, "1d1h")],
)
def test_an_age_is_its_two_largest_units(seconds: float, text: str) -> None:
    assert age_text(seconds) == text
