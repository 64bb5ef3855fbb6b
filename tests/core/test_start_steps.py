"""What a start consisted of, by the log of the engine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.start_steps import load_steps

VLLM = (
    "(EngineCore pid=7) INFO 11-27 04:53:03 [default_loader.py:430] Loading weights took 12.50 seconds",
    "(Worker_TP1 pid=8) INFO 11-27 04:53:03 [default_loader.py:430] Loading weights took 13.25 seconds",
    "(EngineCore pid=7) INFO 11-27 04:53:24 [monitor.py:34] torch.compile takes 20.02 s in total",
    "(EngineCore pid=7) INFO 11-27 04:53:33 [gpu_model_runner.py:4587] Graph capturing finished in 9 secs",
)
LLAMA_CPP = (
    "0.00.003.385 I srv          init: loading model",
    "0.00.003.447 I srv    load_model: loading model '/tmp/model loaded.gguf'",
    "1.02.099.212 I srv          init: model loaded",
)


def test_vllm_tells_its_weights_compilation_and_graphs_and_the_slowest_worker_counts() -> None:
    assert load_steps("vllm", 60.0, VLLM) == {
        "weights": 13.25, "compiled": 20.02, "CUDA graphs": 9.0, "other loading": pytest.approx(17.73),
    }  # fmt: skip


def test_llama_cpp_tells_when_it_began_to_load_and_when_it_had() -> None:
    steps = load_steps("llama.cpp", 70.0, LLAMA_CPP)
    assert [*steps] == ["process", "weights"]
    assert steps["weights"] == pytest.approx(62.095827)


@pytest.mark.parametrize("engine", ["vllm", "llama.cpp", "ollama", "another"])
def test_a_start_of_which_no_log_tells_is_one_step(engine: str) -> None:
    assert load_steps(engine, 3.0, ["nothing of use"]) == {"loading": 3.0}


def test_steps_that_took_longer_than_the_whole_are_not_believed() -> None:
    assert load_steps("vllm", 5.0, VLLM) == {"loading": 5.0}


@given(
    st.sampled_from(["vllm", "llama.cpp", "ollama"]),
    st.floats(0, 1e5),
    st.lists(st.sampled_from([*VLLM, *LLAMA_CPP]) | st.text(max_size=60)),
)
def test_the_steps_take_as_long_as_the_loading_together(engine: str, loading_s: float, log: list[str]) -> None:
    steps = load_steps(engine, loading_s, log)
    assert sum(steps.values()) == pytest.approx(loading_s)
    assert all(seconds >= 0 for seconds in steps.values())
