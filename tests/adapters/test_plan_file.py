"""A plan that was written is read as it was, and what was written wrongly is named with its line."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.adapters.plan_file import read_plan
from orchestrator.adapters.plan_schema import FitEntry, PlacementEntry, PlanFile
from orchestrator.core.choose import choose
from orchestrator.core.errors import UsageError
from orchestrator.core.inventory import HostGroup, Site
from orchestrator.core.objective import Objective
from orchestrator.core.plan import FitPlan
from orchestrator.core.wish import Wish
from orchestrator.views.plan_data import plan_data
from tests.core.machines import (
    A100_80,
    A6000,
    BY_NAME,
    ENGINES,
    FETCHABLE,
    PREDICT,
    PROFILES,
    everywhere,
    machine,
    plan_for,
)

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "plan.md"
ON_CPU = plan_data(plan_for(machine(memory_gib=16, cores=8), Wish("demo-gguf")))
ON_GPU = plan_data(plan_for(machine(A100_80, A100_80), Wish("qwen3.5-27b-bf16", num_replicas=2)))

kinds = st.lists(st.sampled_from([A100_80, A6000]), max_size=3)
wishes = st.builds(
    Wish,
    model=st.sampled_from(["qwen3.5-4b", "qwen3.5-27b"]),
    num_replicas=st.none() | st.integers(1, 3),
    max_model_len=st.none() | st.integers(1024, 200_000),
    objective=st.sampled_from(Objective),
)


def over(groups: list[tuple[Any, int]], wish: Wish) -> FitPlan:
    site = Site(tuple(HostGroup(machine(*gpus), count) for gpus, count in groups))
    return choose(PROFILES, site, wish, everywhere(FETCHABLE), ENGINES, PREDICT)


def written(text: str) -> Path:
    path = Path(tempfile.mkdtemp()) / "plan.yaml"
    path.write_text(text)
    return path


@settings(max_examples=25)
@given(st.lists(st.tuples(kinds, st.integers(1, 2)), min_size=1, max_size=2), wishes, st.sampled_from(["yaml", "json"]))
def test_what_is_read_is_what_was_planned(groups: list[tuple[Any, int]], wish: Wish, format_: str) -> None:
    plan = over(groups, wish)
    data = plan_data(plan)
    path = written(json.dumps(data, indent=2) if format_ == "json" else yaml.safe_dump(data, sort_keys=False))
    if not plan.placements:
        with pytest.raises(UsageError, match="the plan places nothing"):
            read_plan(path, BY_NAME)
        return
    for read, placement in zip(read_plan(path, BY_NAME), plan.placements, strict=True):
        fit, host = placement.fit, plan.site.hosts[placement.option.group].inventory
        assert (read.profile, read.device, read.device_name) == (fit.profile.name, fit.device, fit.device_name)
        assert (read.gpu_sets, read.num_hosts) == (placement.gpu_sets, placement.num_hosts)
        assert (read.tensor_parallel_size, read.max_model_len, read.max_num_seqs) == (
            fit.tensor_parallel_size,
            fit.max_model_len,
            fit.max_num_seqs,
        )
        assert read.host.memory_total_bytes == host.host.memory_total_bytes


def edited(data: dict[str, Any], change: tuple[str, str]) -> Path:
    text = yaml.safe_dump(data, sort_keys=False)
    assert change[0] in text
    return written(text.replace(*change, 1))


@pytest.mark.parametrize(
    ("data", "change", "error"),
    [
        (ON_CPU, ("/v1alpha1", "/v2"), ":1: apiVersion: expected 'qorch.dev/v1alpha1', got 'qorch.dev/v2'"),
        (ON_CPU, ("FitPlan", "Deployment"), ":2: kind: expected 'FitPlan', got 'Deployment'"),
        (ON_CPU, ("\nplacements:", "\nplacement:"), ": placement: expected one of "),
        (ON_CPU, ("num_replicas: 1", "num_replicas: 3"), ": placements.0.num_replicas: expected 1, one for each of"),
        (
            ON_CPU,
            ("\nnum_replicas: 1", "\nnum_replicas: 3"),
            ": num_replicas: expected 1, the sum of placements, got 3",
        ),
        (ON_CPU, ("max_num_seqs: 8\n", "max_num_seqs: 0\n"), ": placements.0.fit.max_num_seqs: expected more than 0"),
        (ON_CPU, ("max_num_seqs: 8\n", "max_num_seqs: 2\n"), ": chosen: expected max_num_seqs to be 2, as in"),
        (ON_CPU, ("host_group: 0", "host_group: 1"), ": placements: expected host_group below 1"),
        (ON_CPU, ("device: cpu", "device: tpu"), ": placements.0.fit.device: expected 'cpu' or 'gpu', got 'tpu'"),
        (ON_CPU, ("device: cpu", "device: gpu"), ": placements.0.gpu_sets: expected 1 GPU in each set"),
        (
            ON_CPU,
            ("    profile: demo-gguf", "    profile: demo-ggu"),
            "a profile's name (did you mean demo-gguf or demo",
        ),
        (ON_GPU, ("  - - 0\n  - - 1\n", "  - - 0\n  - - 0\n"), ": placements.0.gpu_sets: expected each GPU in one"),
    ],
)
def test_what_contradicts_itself_or_is_unknown_is_named_with_its_line(
    data: dict[str, Any], change: tuple[str, str], error: str
) -> None:
    path = edited(data, change)
    with pytest.raises(UsageError) as raised:
        read_plan(path, BY_NAME)
    assert error in raised.value.message
    places = re.findall(rf"{path}:(\d+): ([\w.]+): expected", raised.value.message)
    lines = path.read_text().splitlines()
    assert any(place.rpartition(".")[2] in lines[int(line) - 1] for line, place in places)


def test_another_version_is_the_only_complaint_and_its_hint_makes_a_new_plan() -> None:
    path = written("apiVersion: qorch.dev/v2\nkind: FitPlan\nrooms: 3\n")
    with pytest.raises(UsageError) as raised:
        read_plan(path, BY_NAME)
    assert "rooms" not in raised.value.message
    assert raised.value.hint == "qorch plan -o yaml > plan.yaml"


class TestThePage:
    def table(self, heading: str) -> list[str]:
        section = PAGE.read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
        first_cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
        return sorted(name for cell in first_cells for name in re.findall(r"`(\w+)`", cell))

    @pytest.mark.parametrize(
        ("heading", "schema", "data"),
        [
            ("The document", PlanFile, ON_CPU),
            ("A placement", PlacementEntry, ON_CPU["placements"][0]),
            ("A fit", FitEntry, ON_CPU["placements"][0]["fit"]),
        ],
    )
    def test_it_names_every_field_that_is_written_and_read(
        self, heading: str, schema: Any, data: dict[str, Any]
    ) -> None:
        assert self.table(heading) == sorted(schema.model_fields) == sorted(data)

    def test_its_smallest_document_can_be_read(self) -> None:
        example = PAGE.read_text().partition("```yaml\n")[2].partition("```")[0]
        (read,) = read_plan(written(example), BY_NAME)
        assert (read.profile, read.max_model_len, read.gpu_sets) == ("demo-gguf", 4096, ((),))
