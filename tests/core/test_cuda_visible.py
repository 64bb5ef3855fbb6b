"""CUDA_VISIBLE_DEVICES, read as CUDA reads it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.accelerators import devices
from orchestrator.core.cuda_visible import with_hidden
from orchestrator.core.inventory import Gpu, MigInstance
from orchestrator.core.wish import Wish
from orchestrator.views.hardware import hardware_lines
from tests.core.machines import A100_80, A6000, GIB, H100_80, gpu, machine, plan_for, with_gpus

FOUR = tuple(
    replace(gpu(index, *A100_80), uuid=uuid) for index, uuid in enumerate(("GPU-aa1", "GPU-aa2", "GPU-b", "GPU-c"))
)
SLICES = tuple(MigInstance(f"MIG-{name}", "1g.10gb", 10 * GIB, 10 * GIB) for name in ("x", "y1", "y2"))
CUT = (
    replace(gpu(0, *H100_80), uuid="GPU-h", mig_enabled=True, mig_instances=SLICES),
    replace(gpu(1, *H100_80), uuid="GPU-i"),
)


def visible(value: str, gpus: tuple[Gpu, ...] = FOUR, **others: str) -> list[str]:
    """The UUIDs that a plan may use."""
    marked = with_hidden(gpus, {"CUDA_VISIBLE_DEVICES": value} | others)
    return [str(one.uuid) for one in devices(with_gpus(machine(A100_80), *marked))[0]]


def test_without_the_variable_everything_is_visible() -> None:
    assert with_hidden(FOUR, {}) == FOUR


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("0,1,2,3", ["GPU-aa1", "GPU-aa2", "GPU-b", "GPU-c"]),
        ("2,1", ["GPU-aa2", "GPU-b"]),
        (" 2 , +1", ["GPU-aa2", "GPU-b"]),
        ("", []),
        ("-1", []),
        ("none", []),
        ("0,2,-1,1", ["GPU-aa1", "GPU-b"]),
        ("0,7,1", ["GPU-aa1"]),
        ("1,1", []),
        ("GPU-b", ["GPU-b"]),
        ("GPU-c,GPU-aa1", ["GPU-aa1", "GPU-c"]),
        ("GPU-aa", []),
        ("GPU-b,GPU-aa,GPU-c", ["GPU-b"]),
        ("GPU-b,0", ["GPU-b"]),
        ("0,GPU-b", ["GPU-aa1"]),
        ("GPU-b,GPU-b", []),
        ("GPU-zz", []),
    ],
)
def test_what_is_visible_is_what_cuda_would_show(value: str, seen: list[str]) -> None:
    assert visible(value) == seen


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("MIG-x", ["MIG-x"]),
        ("MIG-y2,MIG-x", ["MIG-x", "MIG-y2"]),
        ("MIG-y", []),
        ("MIG-x,GPU-i", ["MIG-x"]),
        ("0", ["MIG-x", "MIG-y1", "MIG-y2"]),
        ("GPU-h", ["MIG-x", "MIG-y1", "MIG-y2"]),
        ("1", ["GPU-i"]),
    ],
)
def test_slices_are_visible_by_name_or_with_their_gpu(value: str, seen: list[str]) -> None:
    assert visible(value, CUT) == seen


def test_a_whole_uuid_is_not_ambiguous_though_another_begins_with_it() -> None:
    gpus = (replace(FOUR[0], uuid="GPU-a"), replace(FOUR[1], uuid="GPU-ab"))
    assert visible("GPU-a", gpus) == ["GPU-a"]


def test_the_plan_and_the_hardware_say_what_is_hidden_and_by_what() -> None:
    marked = with_hidden(FOUR, {"CUDA_VISIBLE_DEVICES": "0,2"})
    plan = plan_for(with_gpus(machine(A100_80), *marked), Wish("qwen3.5-9b-bf16"))
    assert "GPU 1 is left out: hidden by CUDA_VISIBLE_DEVICES=0,2" in plan.notices
    assert "  GPU 1  hidden by CUDA_VISIBLE_DEVICES=0,2" in list(hardware_lines(plan.site.hosts[0]))
    assert plan.placements[0].gpu_sets[0][0] in (0, 2)


def test_hidden_slices_are_told_together() -> None:
    marked = with_hidden(CUT[:1], {"CUDA_VISIBLE_DEVICES": "MIG-x"})
    assert (
        "2 slices of GPU 0 left out: hidden by CUDA_VISIBLE_DEVICES=MIG-x"
        in plan_for(with_gpus(machine(H100_80), *marked)).notices
    )


def test_nothing_fits_where_all_are_hidden_and_the_reason_is_told() -> None:
    marked = with_hidden(FOUR, {"CUDA_VISIBLE_DEVICES": ""})
    plan = plan_for(with_gpus(machine(A100_80), *marked), Wish("qwen3.5-9b-bf16"))
    assert plan.chosen is None
    assert "GPU 0: hidden by CUDA_VISIBLE_DEVICES=" in (plan.candidates[0].refusal or "")


@pytest.mark.parametrize(
    ("value", "order", "unsure"),
    [("0", {}, True), ("0", {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, False), ("GPU-b", {}, False)],
)
def test_numbers_of_unequal_gpus_are_said_to_be_nvidia_smis(value: str, order: dict[str, str], unsure: bool) -> None:
    unequal = (FOUR[0], replace(gpu(1, *A6000), uuid="GPU-b"))
    hidden = [one.hidden or "" for one in with_hidden(unequal, {"CUDA_VISIBLE_DEVICES": value} | order)]
    assert any("CUDA_DEVICE_ORDER=PCI_BUS_ID" in why for why in hidden) is unsure


ENTRIES = st.lists(st.sampled_from(["0", "1", "9", "-1", "GPU-aa1", "GPU-aa", "GPU-b", "MIG-x", "", "junk"]))


@given(ENTRIES)
def test_no_later_entry_shows_what_the_list_up_to_an_invalid_one_does_not(entries: list[str]) -> None:
    assert visible(",".join([*entries, "-1", "0", "1", "2", "3"])) in (visible(",".join(entries)), [])


@given(st.text(max_size=20))
def test_any_text_is_read(value: str) -> None:
    assert set(visible(value)) <= {str(one.uuid) for one in FOUR}
