"""Hardware said in a line: what it stands for, and what is said of one that is wrong."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.adapters.described_site import parse_hardware, parse_site
from orchestrator.adapters.gpu_table import load_gpus, shipped_gpus_dir
from orchestrator.adapters.hardware_shorthand import GpuItem, HostItem, read_shorthand, write_shorthand
from orchestrator.core.accelerators import devices
from orchestrator.core.errors import SettingsError
from orchestrator.core.inventory import NotAvailable
from orchestrator.core.site import host_count

TABLE = load_gpus(shipped_gpus_dir())
MACHINES = yaml.safe_load((Path(__file__).parents[1] / "data" / "machines.yaml").read_text())
GIB, MIB = 2**30, 2**20
BY_PCIE = [name for name, spec in TABLE.specs.items() if not spec.unified_memory]

counts = st.integers(1, 64)
slices = st.lists(st.tuples(st.just("1g.10gb"), counts), min_size=1, max_size=3).map(tuple)
gpus = st.builds(GpuItem, st.sampled_from(sorted(TABLE.specs)), counts) | st.builds(
    GpuItem,
    st.just("h100-80gb"),
    slices=st.lists(st.tuples(st.just("1g.10gb"), counts), min_size=1, max_size=3).map(tuple),
)
cpus = st.tuples(st.none() | counts, st.none() | counts)
hosts = st.builds(
    lambda gpus, cpu, count: HostItem(tuple(gpus), *(cpu if gpus or any(cpu) else (8, 16)), count),
    st.lists(gpus, max_size=3),
    cpus,
    counts,
)


@pytest.mark.parametrize("name", MACHINES)
def test_every_machine_can_be_said_in_a_line_and_has_something_to_plan_on(name: str) -> None:
    inventory = parse_hardware(MACHINES[name], TABLE)
    usable, refused = devices(inventory)
    assert refused == ()
    assert bool(usable) is not name.startswith(("cpu", "workstation"))
    assert all(0 < one.free_bytes <= one.total_bytes for one in usable)
    assert inventory.host.memory_total_bytes >= 8 * GIB


def test_unequal_gpus_stand_in_one_host_in_order() -> None:
    inventory = parse_hardware("a100-80gb:2, RTX A6000 : 1", TABLE)
    assert [gpu.name for gpu in inventory.gpus] == ["NVIDIA A100-SXM4-80GB"] * 2 + ["NVIDIA RTX A6000"]
    assert [len(gpu.nvlink_peers) for gpu in inventory.gpus] == [1, 1, 0]
    assert inventory.gpus[2].memory_total_bytes == 49140 * MIB
    assert inventory.source == "described: a100-80gb:2, RTX A6000 : 1"


def test_cores_and_memory_are_the_hosts() -> None:
    host = parse_hardware("l4,cpu:128gb:32c", TABLE).host
    assert (host.cpu_cores, host.memory_total_bytes) == (32, 128 * GIB)


def test_a_host_with_gpus_is_taken_to_have_as_much_memory_as_they_have() -> None:
    assert parse_hardware("a100-80gb:2", TABLE).host.memory_total_bytes == 160 * GIB
    assert parse_hardware("rtx-3060", TABLE).host.memory_total_bytes == 16 * GIB


def test_a_gpu_in_slices_is_one_gpu() -> None:
    (gpu,) = parse_hardware("h100-80gb/mig-1g.10gb:3+3g.40gb", TABLE).gpus
    assert [part.profile for part in gpu.mig_instances] == ["1g.10gb"] * 3 + ["3g.40gb"]
    assert gpu.mig_instances[0].memory_total_bytes == 9984 * MIB


def test_a_dgx_spark_has_one_memory() -> None:
    inventory = parse_hardware("gb10", TABLE)
    assert inventory.host.unified_memory is True
    assert inventory.host.memory_total_bytes == 122548 * MIB
    assert isinstance(inventory.gpus[0].memory_total_bytes, NotAvailable)


def test_apple_chips_have_no_nvidia_gpu_and_the_memory_that_is_said() -> None:
    inventory = parse_hardware("m3-max:96gb", TABLE)
    assert (inventory.host.cpu_model, inventory.gpus) == ("Apple M3 Max", ())
    assert inventory.host.memory_total_bytes == 96 * GIB


@pytest.mark.parametrize("text", ["4x(a100-80gb:8); l4", "a100-80gb:8@4;l4:1", "a100-80gb:8@3; l4; a100-80gb:8"])
def test_equal_hosts_are_one_group(text: str) -> None:
    site = parse_site(text, TABLE)
    assert [(group.count, len(group.inventory.gpus)) for group in site.hosts] in ([(4, 8), (1, 1)],)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected a GPU's short name"),
        ("a100-8gb", r"did you mean a100-80gb"),
        ("zzzzzzzz", "known are .*a100-80gb"),
        ("l4:0", "from 1 to 1,024, got '0'"),
        ("l4:-1", "at least 1, got '-1'"),
        ("l4:1.5", "at least 1, got '1.5'"),
        ("l4:99999", "from 1 to 1,024"),
        ("l4:" + "9" * 5000, "from 1 to 1,024"),
        ("l4:٣", "at least 1"),
        ("l4:", "got nothing"),
        ("l4:2:3", "one number after a GPU"),
        ("l4:32c", "cores with cpu"),
        ("l4:48gb", "only a chip with unified memory"),
        ("l4@0", "from 1 to 100,000"),
        ("l4@", "got nothing"),
        ("0x(l4)", "from 1 to 100,000"),
        ("2x(l4", "a GPU's short name"),
        ("l4,,l4", "a GPU's short name"),
        ("l4:1024,l4", "at most 1,024 GPUs"),
        ("cpu", "cores or memory"),
        ("cpu:8", "each once"),
        ("cpu:8gb:9gb", "each once"),
        ("cpu:8gb,cpu:9gb", "one cpu a host"),
        ("l4/mig-1g.3gb", r"MIG profiles \(it has none\)"),
        ("h100/mig-1g.5gb", r"MIG profiles \(1g.10gb, .*got 1g.5gb"),
        ("h100/mig-1g.10gb:8", "slices within one GPU"),
        ("h100/mig-1g.10gb+4g.40gb+4g.40gb", "slices within one GPU"),
        ("h100/tiny", "a MIG profile such as"),
        ("gb10:2", "one such chip a host"),
        ("gb10,l4", "one such chip a host"),
        ("m3-max:96gb,cpu:64gb", "its memory once"),
    ],
)
def test_what_is_wrong_is_named_with_examples_of_what_is_right(text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as refused:
        parse_site(text, TABLE)
    assert refused.value.hint is not None
    assert refused.value.hint.startswith("qorch plan --hardware ")


def test_one_machine_is_not_several() -> None:
    with pytest.raises(SettingsError, match="one host, got 2"):
        parse_hardware("l4@2", TABLE)


@given(st.lists(hosts, min_size=1, max_size=4).map(tuple))
def test_what_is_written_is_read_as_the_same(items: tuple[HostItem, ...]) -> None:
    assert read_shorthand(write_shorthand(items)) == items


@given(st.text() | st.text(alphabet="al40s-:;,@x()/mig.cpu12gb+ "))
def test_any_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    with suppress(SettingsError):
        assert host_count(parse_site(text, TABLE)) >= 1


@given(st.lists(st.tuples(st.sampled_from(BY_PCIE), counts), min_size=1, max_size=4), st.integers(1, 1000))
def test_counts_add_up(items: list[tuple[str, int]], number: int) -> None:
    site = parse_site(",".join(f"{name}:{count}" for name, count in items) + f"@{number}", TABLE)
    (group,) = site.hosts
    assert (group.count, len(group.inventory.gpus)) == (number, sum(count for _, count in items))
    assert [gpu.index for gpu in group.inventory.gpus] == list(range(len(group.inventory.gpus)))
