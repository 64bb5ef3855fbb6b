"""One replica in full, and GPUs a line each."""

from __future__ import annotations

from orchestrator.core.live.snapshot import GpuRow, Snapshot
from orchestrator.views.live.columns import COLUMNS
from orchestrator.views.live.replica import gpu_lines, replica_lines
from orchestrator.views.live.span import Tone, text_of
from tests.core.live.made import BEGIN_S, row

GIB = 2**30
GPUS = (
    GpuRow("node1", 0, "NVIDIA A100", "GPU-0", 87, 61 * GIB, 80 * GIB, 71, 310.0, 400.0, throttled="too hot"),
    GpuRow("node1", 1, "NVIDIA A100", "GPU-1", error="GPU is lost"),
)
HOT = "node1 GPU 0             NVIDIA A100                   87%      61.0/80G    71°    310/400W  too hot"
LOST = "node1 GPU 1             NVIDIA A100                     -             -      -           -  GPU is lost"


def test_every_column_is_told_below_each_other_then_the_start_and_its_gpus() -> None:
    seen = row(host="node1", gpus=(0,), placed_s=2.1, load_s=74.0, restarts=1, restart_reason="killed by SIGKILL")
    lines = [text_of(line) for line in replica_lines(seen, Snapshot(BEGIN_S, "mine", gpus=GPUS), BEGIN_S)]
    assert [line[:14].strip() for line in lines[: len(COLUMNS)]] == [column.title.lower() for column in COLUMNS]
    assert lines[len(COLUMNS) :] == [
        "start         placed in 2.1s, loaded in 74.0s",
        "last restart  killed by SIGKILL",
        "",
        HOT,
    ]


def test_of_a_replica_without_gpus_none_are_shown() -> None:
    lines = [text_of(line) for line in replica_lines(row(), Snapshot(BEGIN_S, "mine", gpus=GPUS), BEGIN_S)]
    assert lines[-3:] == ["start         placed in -, loaded in -", "last restart  -", ""]


def test_a_gpu_is_told_with_what_is_wrong_with_it() -> None:
    lines = list(gpu_lines(GPUS))
    assert [text_of(line) for line in lines] == [HOT, LOST]
    assert {line[-1].tone for line in lines} == {Tone.BAD}


def test_a_gpu_that_does_nothing_does_nothing_and_is_not_unknown() -> None:
    (line,) = gpu_lines([GpuRow("node1", 0, "NVIDIA A100", "GPU-0", utilization_percent=0)])
    assert "   0%" in text_of(line)
