"""GPUs as rows: what a driver does not tell is not known, and a replica's GPUs come together."""

from __future__ import annotations

from math import nan

from orchestrator.core.inventory import GpuProcess, MigInstance
from orchestrator.core.live.gpu_rows import gpu_rows, of_replica
from orchestrator.core.live.snapshot import GpuRow
from tests.core.live.made import NOT_TOLD, gpu, on_host

GIB = 2**30


def test_a_gpu_is_told_as_its_driver_tells_it() -> None:
    told = gpu(3, utilization_percent=80, memory_used_bytes=5, memory_total_bytes=9, power_w=61.5, throttled="too hot")
    (row,) = gpu_rows(on_host(told))
    assert (row.host, row.index, row.uuid, row.utilization_percent) == ("node1", 3, "GPU-0", 80)
    assert (row.memory_used_bytes, row.memory_total_bytes, row.power_w, row.throttled) == (5, 9, 61.5, "too hot")


def test_what_a_driver_does_not_tell_or_is_no_number_is_not_known() -> None:
    (row,) = gpu_rows(on_host(gpu(name=NOT_TOLD, uuid=NOT_TOLD, power_w=nan, throttled=NOT_TOLD, error="lost")))
    assert row == GpuRow("node1", 0, "?", "", error="lost")


def test_of_a_divided_gpu_each_slice_is_a_row_with_the_memory_of_its_own() -> None:
    parts = (
        MigInstance("MIG-0", "1g.10gb", 10 * GIB, 4 * GIB),
        MigInstance("MIG-1", "2g.20gb", 20 * GIB, NOT_TOLD),
    )
    whole = gpu(mig_instances=parts, temperature_c=40, utilization_percent=NOT_TOLD, power_w=300.0)
    one, other = gpu_rows(on_host(whole))
    assert (one.name, one.uuid, one.temperature_c) == ("NVIDIA A100 MIG 1g.10gb", "MIG-0", 40)
    assert (one.memory_used_bytes, one.memory_total_bytes) == (6 * GIB, 10 * GIB)
    assert (other.memory_used_bytes, other.power_w) == (None, None)


def test_a_gpu_tells_who_is_on_it_and_which_of_its_processes_are_not_the_fleets() -> None:
    held = (GpuProcess(7, 60 * GIB, "me", "vllm"), GpuProcess(8, 5 * GIB, "alice", "python"))
    (row,) = gpu_rows(on_host(gpu(processes=held), own_pids=frozenset({7})), {"GPU-0": ("a",)})
    assert (row.replicas, row.held, row.others) == (("a",), True, "pid 8 (python of alice) holds 5.0 GiB")


def test_a_process_that_cannot_be_seen_is_anothers_only_where_no_replica_is() -> None:
    hidden = (GpuProcess(8, 5 * GIB, NOT_TOLD, NOT_TOLD),)
    (free,) = gpu_rows(on_host(gpu(processes=hidden)))
    (taken,) = gpu_rows(on_host(gpu(processes=hidden)), {"GPU-0": ("a",)})
    assert ("pid 8" in free.others, free.held) == (True, False)
    assert taken.others == ""


def test_each_slice_has_its_own_replicas_and_processes() -> None:
    parts = (
        MigInstance("MIG-0", "1g.10gb", GIB, GIB, (GpuProcess(8, GIB, "alice", "python"),)),
        MigInstance("MIG-1", "1g.10gb", GIB, GIB),
    )
    one, other = gpu_rows(on_host(gpu(mig_instances=parts)), {"MIG-1": ("a", "b")})
    assert (one.replicas, bool(one.others)) == ((), True)
    assert (other.replicas, other.others) == (("a", "b"), "")


def test_two_gpus_of_a_replica_add_up_and_the_hottest_counts() -> None:
    both = gpu_rows(
        on_host(
            gpu(0, "GPU-0", utilization_percent=20, memory_used_bytes=1, temperature_c=40, power_w=100.0),
            gpu(1, "GPU-1", utilization_percent=60, memory_used_bytes=2, temperature_c=70, throttled="power limit"),
        )
    )
    found = of_replica(both)
    assert (found["host"], found["gpus"], found["device"]) == ("node1", (0, 1), "NVIDIA A100")
    assert (found["utilization_percent"], found["memory_used_bytes"], found["temperature_c"]) == (40, 3, 70)
    assert found["power_w"] is None  # one of them does not tell
    assert found["throttled"] == "power limit"


def test_slices_of_one_gpu_name_it_once() -> None:
    parts = tuple(MigInstance(f"MIG-{number}", "1g.10gb", GIB, GIB) for number in range(2))
    assert of_replica(gpu_rows(on_host(gpu(mig_instances=parts))))["gpus"] == (0,)


def test_a_replica_without_gpus_tells_nothing_of_them() -> None:
    assert of_replica(()) == {}
