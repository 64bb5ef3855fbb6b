"""Hardware described in a file, for planning on machines that are not here."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.adapters.hardware_file import read_hardware, read_site
from orchestrator.core.errors import SettingsError
from orchestrator.core.inventory import GpuDriver, Inventory, MigInstance, NotAvailable

SAMPLES = Path(__file__).parents[1] / "data" / "hardware"
GIB = 1024**3
NOT_STATED = NotAvailable("not stated in the hardware file")


def described(tmp_path: Path, text: str) -> Inventory:
    """The inventory of a file with this text."""
    path = tmp_path / "hardware.yaml"
    path.write_text(text)
    return read_hardware(path)


def test_two_a100s_are_two_gpus_joined_by_nvlink() -> None:
    inventory = read_hardware(SAMPLES / "a100-80gb-x2.yaml")
    first, second = inventory.gpus
    assert inventory.driver == GpuDriver("580.65.06", "13.0")
    assert (first.index, second.index) == (0, 1)
    assert (first.memory_total_bytes, first.memory_free_bytes) == (80 * GIB, 80 * GIB)
    assert first.compute_capability == (8, 0)
    assert (first.nvlink_peers, second.nvlink_peers) == ((second.pci_bus_id,), (first.pci_bus_id,))
    assert first.power_w == NOT_STATED
    assert inventory.source == f"file {SAMPLES / 'a100-80gb-x2.yaml'}"


def test_memory_that_others_use_is_not_free() -> None:
    (gpu,) = read_hardware(SAMPLES / "rtx-4090.yaml").gpus
    assert gpu.memory_free_bytes == 23.5 * GIB
    assert gpu.memory_used_bytes == int(23.99 * GIB) - 23.5 * GIB


def test_mig_slices_are_counted_out() -> None:
    (gpu,) = read_hardware(SAMPLES / "h100-mig.yaml").gpus
    assert gpu.mig_enabled is True
    assert gpu.mig_instances[1] == MigInstance("described-0-mig-1", "1g.10gb", 39 * GIB // 4, 39 * GIB // 4)
    assert [part.profile for part in gpu.mig_instances] == ["1g.10gb", "1g.10gb", "3g.40gb"]


def test_unequal_cards_keep_their_order_and_nvlink_joins_only_its_own_entry() -> None:
    gpus = read_hardware(SAMPLES / "mixed.yaml").gpus
    assert [gpu.index for gpu in gpus] == [0, 1, 2, 3]
    assert [len(gpu.nvlink_peers) for gpu in gpus] == [0, 1, 1, 0]
    assert gpus[1].nvlink_peers == (gpus[2].pci_bus_id,)


def test_an_m3_max_shares_its_memory_and_has_no_driver() -> None:
    inventory = read_hardware(SAMPLES / "m3-max.yaml")
    assert inventory.host.unified_memory is True
    assert inventory.host.memory_available_bytes == 48 * GIB
    assert inventory.host.instruction_sets == ("neon", "dotprod", "i8mm")
    assert inventory.driver.absent == f"no GPU: {SAMPLES / 'm3-max.yaml'} lists none"


def test_a_short_name_stands_for_what_the_gpu_table_says(tmp_path: Path) -> None:
    gpus = described(tmp_path, "gpus: [{gpu: a100-80gb, count: 2}, {gpu: RTX A6000, memory_free_gib: 40}]").gpus
    assert [gpu.name for gpu in gpus] == ["NVIDIA A100-SXM4-80GB"] * 2 + ["NVIDIA RTX A6000"]
    assert [len(gpu.nvlink_peers) for gpu in gpus] == [1, 1, 0]
    assert (gpus[2].memory_total_bytes, gpus[2].memory_free_bytes) == (49140 * 2**20, 40 * GIB)
    assert gpus[2].compute_capability == (8, 6)


def test_a_gb10_of_the_table_shares_the_memory_of_its_host(tmp_path: Path) -> None:
    inventory = described(tmp_path, "host: {memory_gib: 119}\ngpus: [{gpu: gb10}]")
    assert inventory.host.unified_memory is True
    assert inventory.gpus[0].memory_total_bytes == NotAvailable("shares the host's memory")


def test_a_file_may_describe_many_hosts_with_equal_ones_together(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text("hosts:\n  - {count: 4, gpus: [{gpu: l4}]}\n  - {gpus: [{gpu: t4}]}\n  - {gpus: [{gpu: l4}]}\n")
    assert [(group.count, group.inventory.gpus[0].name) for group in read_site(path).hosts] == [
        (5, "NVIDIA L4"),
        (1, "Tesla T4"),
    ]
    with pytest.raises(SettingsError, match=r"site.yaml: expected one machine, got 6"):
        read_hardware(path)


def test_an_empty_description_is_a_plain_server_without_gpus(tmp_path: Path) -> None:
    inventory = described(tmp_path, "{}")
    assert (inventory.host.cpu_cores, inventory.host.memory_total_bytes) == (8, 16 * GIB)
    assert inventory.host.memory_available_bytes == 16 * GIB
    assert (inventory.gpus, inventory.driver.driver_version) == ((), NOT_STATED)


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_sample_can_be_read(sample: Path) -> None:
    assert read_hardware(sample).host.memory_total_bytes > 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gpus:\n  - {name: A, memroy_gib: 80}", ":2: gpus.0.memroy_gib: .*did you mean memory_gib"),
        ("gpus:\n  - {name: A, memory_gib: -80}", ":2: gpus.0.memory_gib: expected more than 0.*got -80"),
        ("gpus: [{name: A, memory_gib: .inf}]", ":1: gpus.0.memory_gib: expected .*got inf"),
        ("gpus: [{name: A, memory_gib: .nan}]", ":1: gpus.0.memory_gib: expected .*got nan"),
        ("gpus: [{name: A, memory_gib: '80'}]", ":1: gpus.0.memory_gib: expected a number, got '80'"),
        ("gpus: [{name: A, memory_gib: 8, count: 0}]", "gpus.0.count: expected at least 1, got 0"),
        ("gpus: [{name: A, memory_gib: 8, count: true}]", "gpus.0.count: expected a whole number, got True"),
        (
            "gpus: [{name: A, memory_gib: 8, compute_capability: 8.0}]",
            "compute_capability: expected text in quotes, got 8.0",
        ),
        (
            "gpus: [{name: A, memory_gib: 8, compute_capability: new}]",
            r"expected text that matches .*got 'new'",
        ),
        ("gpus:\n  - {gpu: a100-8gb}", r":2: gpus.0: expected gpu to be .*did you mean a100-80gb"),
        ("gpus: [{gpu: l4, memroy_free_gib: 1}]", ":1: gpus.0.memroy_free_gib: .*did you mean memory_free_gib"),
        ("gpus: [{gpu: l4, count: 0}]", ":1: gpus.0.count: expected at least 1"),
        ("gpus: []\nhosts: [{count: 2}]", ":1: the file: expected either hosts, or host, driver and gpus"),
        ("hosts:\n  - {count: 2}\n  - {cuont: 2}", ":3: hosts.1.cuont: .*did you mean count"),
        ("hosts: [{count: -2}]", ":1: hosts.0.count: expected at least 1, got -2"),
        ("gpus: [{memory_gib: 8}]", ":1: gpus.0.name: expected a value, got no such field"),
        ("driver: {cuda_version: 13.0}", ":1: driver.cuda_version: expected text in quotes, got 13.0"),
        ('driver: {cuda_version: "new"}', ":1: driver.cuda_version: expected text that matches"),
        ("host:\n  memory_gib: 1\n  memory_gib: 2", ":3: memory_gib: expected once, got twice"),
        (
            "gpus:\n  - {name: A, memory_gib: 8, memory_free_gib: 9}",
            r":2: gpus.0: expected memory_free_gib \(9\) within memory_gib \(8\), got a mapping",
        ),
        (
            "host: {memory_gib: 8, memory_available_gib: 9}",
            r":1: host: expected memory_available_gib \(9\) within memory_gib \(8\)",
        ),
        (
            "gpus: [{name: A, memory_gib: 80, mig: [{profile: 1g.10gb, memory_gib: 10, count: 9}]}]",
            r":1: gpus.0: expected the sum of mig memory_gib \(90\) within memory_gib \(80\)",
        ),
        (
            "gpus: [{name: A, memory_gib: 80, mig: [{profile: small, memory_gib: 1}]}]",
            "gpus.0.mig.0.profile: expected text that matches",
        ),
    ],
)
def test_a_wrong_file_is_refused_by_line_and_field(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=f"hardware.yaml{words}" if words[0] == ":" else words):
        described(tmp_path, text)


@given(count=st.integers(1, 9), nvlink=st.booleans(), memory_gib=st.floats(0.5, 500))
def test_every_gpu_of_an_entry_is_the_same_but_for_its_place(
    tmp_path_factory: pytest.TempPathFactory, count: int, nvlink: bool, memory_gib: float
) -> None:
    entry = f"{{name: A, memory_gib: {memory_gib!r}, count: {count}, nvlink: {str(nvlink).lower()}}}"
    gpus = described(tmp_path_factory.getbasetemp(), f"gpus: [{entry}]").gpus
    assert {gpu.memory_total_bytes for gpu in gpus} == {int(memory_gib * GIB)}
    assert len({gpu.uuid for gpu in gpus}) == count
    assert {len(gpu.nvlink_peers) for gpu in gpus} == {count - 1 if nvlink else 0}
