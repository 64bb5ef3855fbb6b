"""One replica in full."""

from __future__ import annotations

from orchestrator.core.deployment import GATEWAY
from orchestrator.core.live.snapshot import GpuRow, Snapshot
from orchestrator.views.live.column_words import COLUMN_WORDS
from orchestrator.views.live.columns import REPLICAS
from orchestrator.views.live.replica import PAIRS, replica_lines
from orchestrator.views.live.span import text_of
from tests.core.live.made import BEGIN_S, answered, row

GPUS = (GpuRow("node1", 0, "NVIDIA A100", "GPU-0", 87), GpuRow("node1", 1, "NVIDIA L4", "GPU-1", 12))


def shown(snapshot: Snapshot, **fields: object) -> str:
    return "\n".join(text_of(line) for line in replica_lines(row(**fields), snapshot, BEGIN_S + 110))


def test_it_says_first_how_it_is_and_why() -> None:
    text = shown(Snapshot(BEGIN_S, "mine"), ready=False, reason="the engine has ended", num_requests_running=0)
    assert text.splitlines()[0] == "✖ failed  the engine has ended"


def test_every_column_is_on_it_by_its_full_name_two_on_a_line() -> None:
    text = shown(Snapshot(BEGIN_S, "mine"), tpot_s=0.02, generation_tok_s=812.0, revision="demo 1.2", restarts=3)
    told = {name for pair in PAIRS for name in pair} | {"replica", "state", "reason", "revision"}
    assert told == REPLICAS.by_name.keys()
    for name in (name for pair in PAIRS for name in pair):
        assert COLUMN_WORDS[name].name in text
    assert "tokens/s        812" in text
    assert "runs            demo 1.2" in text
    assert all(len(line) <= 80 for line in text.splitlines()[:-3])


def test_why_the_last_of_its_variant_ended_is_told_where_one_did() -> None:
    assert "last restart    killed by SIGKILL" in shown(Snapshot(BEGIN_S, "mine"), restart_reason="killed by SIGKILL")
    assert "last restart" not in shown(Snapshot(BEGIN_S, "mine"))


def test_its_own_gpus_are_shown_and_no_others() -> None:
    text = shown(Snapshot(BEGIN_S, "mine", gpus=GPUS), host="node1", gpus=(0,))
    assert "NVIDIA A100" in text
    assert "NVIDIA L4" not in text
    assert "NVIDIA" not in shown(Snapshot(BEGIN_S, "mine", gpus=GPUS))


def test_of_a_gateway_all_requests_of_the_fleet_are_shown_and_nothing_that_only_an_engine_has() -> None:
    requests = (answered("a", request_id="mine-1"), answered("b", request_id="other-1"))
    text = shown(Snapshot(BEGIN_S, "mine", requests=requests), deployment=GATEWAY)
    assert "mine-1" in text
    assert "other-1" in text
    assert "KV cache" not in text
    assert "start" not in text


def test_of_the_requests_that_ended_its_own_are_shown() -> None:
    requests = (answered("a", request_id="mine-1"), answered("b", request_id="other-1"))
    text = shown(Snapshot(BEGIN_S, "mine", requests=requests))
    assert "mine-1" in text
    assert "other-1" not in text
    assert "none has ended yet" in shown(Snapshot(BEGIN_S, "mine"))
