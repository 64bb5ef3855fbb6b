"""The options that say what to run reach the plan, and a fleet is compared by them."""

from __future__ import annotations

import json

import pytest

from orchestrator.adapters.in_memory import InMemoryRuntime
from tests.cli.conftest import Qorch

ON_A100 = ("plan", "--hardware", "a100-80gb:4", "-o", "json")
UP = ("up", "--profile", "demo-gguf")


@pytest.mark.parametrize(
    ("option", "field", "value"),
    [
        (("--for", "latency"), "objective", "latency"),
        (("--min-tok-s", "12.5"), "min_tok_s", 12.5),
        (("--max-gpus", "2"), "max_gpus", 2),
        (("--tensor-parallel-size", "2"), "tensor_parallel_size", 2),
        (("--concurrency", "8"), "max_num_seqs", 8),
        (("--speculative-tokens", "3"), "num_speculative_tokens", 3),
    ],
)
def test_each_option_is_part_of_the_wish(qorch: Qorch, option: tuple[str, str], field: str, value: object) -> None:
    assert json.loads(qorch(*ON_A100, *option).out)["wish"][field] == value


def test_a_split_that_is_asked_for_is_the_one_that_runs(qorch: Qorch) -> None:
    assert json.loads(qorch(*ON_A100, "--tensor-parallel-size", "4").out)["chosen"]["tensor_parallel_size"] == 4
    refused = qorch(*ON_A100, "--tensor-parallel-size", "8")
    assert (refused.code, refused.error.endswith("needs 8 equal GPUs, 4 are usable")) == (3, True)


def test_drafted_tokens_are_those_that_run_and_are_refused_where_nothing_drafts(qorch: Qorch) -> None:
    chosen = json.loads(qorch(*ON_A100, "--speculative-tokens", "2").out)["chosen"]
    assert chosen["num_speculative_tokens"] == 2
    assert any("prefix caching is off" in note for note in chosen["notes"])
    refused = qorch("plan", "--profile", "demo-gguf", "--speculative-tokens", "2")
    assert (refused.code, "qorch has it with vLLM only, not with llama.cpp" in refused.error) == (3, True)


def test_prices_are_of_the_products_that_a_short_name_stands_for(qorch: Qorch) -> None:
    prices = json.loads(qorch(*ON_A100, "--price", "a100-80gb=1.8", "--price", "gpu=2", "--price", "host=0.1").out)
    assert prices["wish"]["prices"] == {
        "gpu_hour": [["NVIDIA A100-SXM4-80GB", 1.8]],
        "any_gpu_hour": 2.0,
        "host_hour": 0.1,
    }


@pytest.mark.parametrize(
    ("options", "difference"),
    [
        (("--for", "cost"), "for: None runs, cost is asked for"),
        (("--max-gpus", "2"), "max-gpus: None runs, 2 is asked for"),
        (("--price", "a10=0.5", "--price", "host=1"), "price: None runs, NVIDIA A10=0.5, host=1 is asked for"),
    ],
)
def test_a_fleet_that_was_asked_for_otherwise_differs(
    qorch: Qorch, runtime: InMemoryRuntime, options: tuple[str, ...], difference: str
) -> None:
    assert qorch(*UP, *options).code == 0
    assert "nothing to change" in qorch(*UP, *options).err
    assert qorch("down").code == 0
    assert qorch(*UP).code == 0
    assert qorch(*UP, *options).error == f"the fleet 'default' runs already, and differs: {difference}"
