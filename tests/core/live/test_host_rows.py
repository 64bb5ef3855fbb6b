"""Hosts as rows: what is told of each, by what name, and which replicas are on its GPUs."""

from __future__ import annotations

from math import nan

from orchestrator.core.live.host_rows import host_names, host_rows, placed
from orchestrator.core.live.reading import HostLoad
from orchestrator.core.live.snapshot import HostRow
from tests.core.live.made import fleet, on_host, replica, view


def test_a_host_is_told_with_its_processor_and_memory() -> None:
    assert host_rows(on_host(load=HostLoad(8, 12.5, 3, 9))) == (HostRow("node1", 8, 12.5, 3, 9),)


def test_what_nobody_tells_of_a_host_is_not_known() -> None:
    assert host_rows(on_host()) == (HostRow("node1"),)
    assert host_rows(on_host(load=HostLoad(8, nan, 3, 9)))[0].cpu_percent is None


def test_a_host_is_found_by_each_of_its_addresses() -> None:
    assert host_names(on_host(addresses=frozenset({"10.0.0.1", "::1"}))) == {"10.0.0.1": "node1", "::1": "node1"}


def test_a_gpu_has_the_replicas_whose_engines_name_it() -> None:
    seen = fleet(
        replica("a", view(devices=("GPU-0", "GPU-1"))),
        replica("b", view(devices=("GPU-1",))),
        replica("c"),
        replica("d", view()),
    )
    assert placed(seen) == {"GPU-0": ("a",), "GPU-1": ("a", "b")}
