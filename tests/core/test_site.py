"""Equal hosts are one group."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.inventory import HostGroup, Inventory
from orchestrator.core.site import grouped, host_count
from tests.core.machines import A100_80, A6000, GIB, machine

KINDS = (machine(A100_80), machine(A6000), machine(A6000, A6000), machine())


def renamed(inventory: Inventory, name: str) -> Inventory:
    """The same host by another name, with GPUs of other ids."""
    cards = tuple(replace(card, uuid=f"{name}-{card.index}", temperature_c=len(name)) for card in inventory.gpus)
    return replace(inventory, host=replace(inventory.host, hostname=name), gpus=cards)


def test_names_ids_and_temperatures_do_not_make_hosts_unequal() -> None:
    one = machine(A6000)
    assert grouped([HostGroup(one), HostGroup(renamed(one, "b"), 2)]).hosts == (HostGroup(one, 3),)


def test_less_free_memory_makes_a_host_another_kind() -> None:
    one = machine(A6000)
    busy = replace(one, gpus=(replace(one.gpus[0], memory_free_bytes=GIB),))
    assert len(grouped([HostGroup(one), HostGroup(busy)]).hosts) == 2


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 10_000)), max_size=8))
def test_grouping_keeps_every_host_and_each_kind_once(hosts: list[tuple[Inventory, int]]) -> None:
    site = grouped(HostGroup(inventory, count) for inventory, count in hosts)
    assert host_count(site) == sum(count for _, count in hosts)
    assert len(site.hosts) == len({inventory for inventory, _ in hosts})
    assert grouped(site.hosts) == site
