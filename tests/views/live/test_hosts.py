"""Hosts, their GPUs and who is on them, as lines."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given

from orchestrator.core.deployment import GATEWAY
from orchestrator.core.live.snapshot import GpuRow, HostRow, Snapshot
from orchestrator.views.live.hosts import gpu_lines, host_lines
from orchestrator.views.live.span import Tone, text_of
from tests.core.live.made import BEGIN_S, row
from tests.core.live.snapshots import SNAPSHOTS

GIB = 2**30
A100 = GpuRow("node1", 0, "NVIDIA A100", "GPU-0", 87, 61 * GIB, 80 * GIB, 71, 310.0, 400.0, replicas=("a",))
SNAPSHOT = Snapshot(BEGIN_S, "mine", hosts=(HostRow("node1", 64, 37.2, 120 * GIB, 512 * GIB),))


def shown(snapshot: Snapshot) -> list[str]:
    return [text_of(line) for line in host_lines(snapshot)]


def test_a_host_is_told_with_what_it_has_and_each_gpu_with_its_replicas() -> None:
    seen = replace(
        SNAPSHOT, gpus=(A100, replace(A100, index=1, uuid="GPU-1", replicas=())), replicas=(row("a", host="node1"),)
    )
    assert shown(seen) == [
        "node1  CPU 37% of 64 cores  memory 120.0/512G  replicas 1  GPUs 1/2",
        "  GPU NAME                      BUSY      MEMORY TEMP     POWER  REPLICAS",
        "    0 NVIDIA A100                87%    61.0/80G  71°  310/400W  a",
        "    1 NVIDIA A100                87%    61.0/80G  71°  310/400W  -",
        "",
    ]


def test_what_is_amiss_with_a_gpu_stands_below_it_each_on_a_line() -> None:
    wrong = replace(A100, throttled="too hot", error="GPU is lost", others="pid 8 (python of alice) holds 5.0 GiB")
    lines = list(gpu_lines([wrong]))[2:]
    assert [text_of(line).strip() for line in lines] == [
        "✖ GPU is lost", "▲ clocks held down: too hot", "▲ not the fleet's: pid 8 (python of alice) holds 5.0 GiB",
    ]  # fmt: skip
    assert [line[0].tone for line in lines] == [Tone.BAD, Tone.WARN, Tone.WARN]


def test_a_gpu_that_the_fleet_holds_without_a_replica_that_is_seen_is_not_free() -> None:
    line = list(gpu_lines([replace(A100, replicas=(), held=True)]))[1]
    assert text_of(line).endswith("one that starts or ends")


def test_a_gpu_that_does_nothing_does_nothing_and_is_not_unknown() -> None:
    idle = list(gpu_lines([GpuRow("node1", 0, "NVIDIA A100", "GPU-0", utilization_percent=0)]))[1]
    assert " 0% " in text_of(idle)


def test_replicas_that_are_on_no_gpu_are_named_the_most_urgent_first() -> None:
    rows = (
        row("w", host="node1"),
        row("g", deployment=GATEWAY, host="node1"),
        row("x", host="node1", ready=False),
    )
    assert shown(replace(SNAPSHOT, replicas=rows))[1] == "  replicas  ✖ x failed  ● w ready  ● gateway ready"


def test_of_very_many_only_some_are_named_and_the_rest_counted() -> None:
    rows = tuple(row(f"r{number}", host="node1") for number in range(1_000))
    assert shown(replace(SNAPSHOT, replicas=rows))[1].endswith("  and 994 more")


def test_hosts_that_only_replicas_tell_of_are_shown_too_and_those_without_one_yet() -> None:
    told = shown(Snapshot(BEGIN_S, "mine", replicas=(row("a", host="10.0.0.7"), row("b"))))
    assert told[0] == "10.0.0.7  replicas 1"
    assert told[3] == "no host yet  replicas 1"


@given(SNAPSHOTS)
def test_whatever_is_seen_can_be_shown(snapshot: Snapshot) -> None:
    assert all(line.isprintable() for line in shown(snapshot))
