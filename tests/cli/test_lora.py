"""`--lora NAME=PATH` from the command line, a file or a plan to what is deployed; and whatever is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from orchestrator.adapters.in_memory import InMemoryRuntime
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.device import Device
from orchestrator.core.plan import Availability, Engines
from orchestrator.core.profile import EngineName
from tests.adapters.lora_folder import lora_folder, reshaped
from tests.cli.conftest import Qorch

ON_VLLM = ("--profile", "bf16", "--model", "demo", "--engine", "vllm", "--device", "cpu")


@pytest.fixture(autouse=True)
def engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """vLLM's CPU build is there, as far as planning asks."""
    here = Availability(True, True, "vLLM 0.32.0")
    engines: Engines = {(EngineName.VLLM, Device.CPU): here, (EngineName.LLAMA_CPP, Device.CPU): here}
    monkeypatch.setattr("orchestrator.adapters.engines.installed.installed_engines", lambda _: engines)


def running(runtime: InMemoryRuntime) -> DeploymentSpec:
    spec = runtime.deployed()
    assert spec is not None
    return spec


def modules_of(spec: DeploymentSpec) -> list[dict[str, str]]:
    words = spec.variants[0].engine.arguments
    start = words.index("--lora-modules") + 1
    return [json.loads(word) for word in words[start : start + len(spec.gateway.loras)]]


def test_adapters_are_deployed_by_their_names_and_absolute_folders(qorch: Qorch, runtime: InMemoryRuntime) -> None:
    lora_folder(Path("a")), lora_folder(Path("b c"))
    done = qorch("up", *ON_VLLM, "--lora", "second=b c", "--lora", "first=./a")
    assert done.code == 0, done.err
    spec, here = running(runtime), Path.cwd()
    assert modules_of(spec) == [{"name": "first", "path": f"{here}/a"}, {"name": "second", "path": f"{here}/b c"}]
    assert spec.gateway.loras == ("first", "second")
    assert "with 2 LoRA adapters: first (rank 8), second (rank 8)" in done.err
    assert "LoRA adapters: first, second" in qorch("status").out
    assert json.loads(qorch("status", "-o", "json").out)["loras"] == ["first", "second"]


def test_the_same_adapters_again_change_nothing_and_others_are_told(qorch: Qorch, runtime: InMemoryRuntime) -> None:
    folder = lora_folder(Path("a")).absolute()
    assert qorch("up", *ON_VLLM, "--lora", "mine=a").code == 0
    assert "nothing to change" in qorch("up", *ON_VLLM, "--lora", f"mine={folder}").err
    other = qorch("up", *ON_VLLM, "--lora", "yours=a")
    assert other.code == 4
    assert other.error.endswith(f"differs: lora: mine={folder} runs, yours={folder} is asked for")
    assert qorch("up", *ON_VLLM).error.endswith(f"differs: lora: mine={folder} runs, None is asked for")
    different = qorch("plan", "--diff", *ON_VLLM, "-o", "json")
    assert different.code == 1
    assert "lora" in different.out


def test_a_file_of_settings_names_them_as_a_mapping(qorch: Qorch, runtime: InMemoryRuntime) -> None:
    lora_folder(Path("a"))
    Path("qorch.yaml").write_text("lora: {mine: ./a}\nup: {price: {host: 0.5}}\n")
    assert qorch("up", *ON_VLLM).code == 0
    assert running(runtime).gateway.loras == ("mine",)
    assert running(runtime).asked["price"] == "host=0.5"


def test_a_written_plan_has_them(qorch: Qorch) -> None:
    lora_folder(Path("a"))
    plan = yaml.safe_load(qorch("plan", *ON_VLLM, "--lora", "mine=a", "-o", "yaml").out)
    assert plan["loras"] == plan["wish"]["loras"] == {"mine": f"{Path.cwd()}/a"}
    assert [part["name"] for part in plan["chosen"]["memory"]["parts"]][-1] == "lora"


def test_a_written_plan_is_deployed_with_them(qorch: Qorch, runtime: InMemoryRuntime) -> None:
    lora_folder(Path("a"))
    Path("plan.yaml").write_text(qorch("plan", *ON_VLLM, "--lora", "mine=a", "-o", "yaml").out)
    done = qorch("up", "--plan", "plan.yaml")
    assert done.code == 0, done.err
    assert modules_of(running(runtime)) == [{"name": "mine", "path": f"{Path.cwd()}/a"}]
    assert "nothing to change" in qorch("up", "--plan", "plan.yaml").err
    Path("a/adapter_model.safetensors").unlink()
    assert qorch("down").code == 0
    assert qorch("up", "--plan", "plan.yaml").error.endswith("there is no adapter_model.safetensors")


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("mine", "expected NAME=PATH"),
        ("=a", "expected NAME=PATH"),
        ("mine=", "expected NAME=PATH"),
        ("-x=a", "expected NAME=PATH"),
        ("a/b=a", "expected NAME=PATH"),
        ("a b=a", "expected NAME=PATH"),
        ("ü=a", "expected NAME=PATH"),
        (f"{'n' * 65}=a", "expected NAME=PATH"),
        ("mine=nowhere", "there is no such folder"),
        ("mine=~nobody-of-that-name/a", "there is no such folder"),
        ("demo=a", "the name of a model; an adapter needs one of its own"),
        ("qwen3.5-9b=a", "the name of a model; an adapter needs one of its own"),
    ],
)
def test_what_is_no_adapter_is_exit_2(qorch: Qorch, runtime: InMemoryRuntime, value: str, error: str) -> None:
    lora_folder(Path("a"))
    refused(qorch, runtime, 2, error, "--lora", value)


def test_one_name_for_two_adapters_is_exit_2(qorch: Qorch, runtime: InMemoryRuntime) -> None:
    lora_folder(Path("a")), lora_folder(Path("b"))
    refused(qorch, runtime, 2, "expected one adapter named mine", "--lora", "mine=a", "--lora", "mine=b")


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def as_pickle(folder: Path) -> None:
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")


@pytest.mark.parametrize(
    ("code", "error", "spoil"),
    [
        (2, "there is no adapter_config.json, which PEFT writes", without("adapter_config.json")),
        (2, "there is no adapter_model.safetensors", without("adapter_model.safetensors")),
        (4, "adapter_model.bin is a pickle", as_pickle),
        (2, "its rank is 513, vLLM takes at most 512", lambda folder: lora_folder(folder, r=513)),
        (2, "use_dora is True: DoRA is not served", lambda folder: lora_folder(folder, use_dora=True)),
        (2, "modules_to_save is ['lm_head']", lambda folder: lora_folder(folder, modules_to_save=["lm_head"])),
        (2, "peft_type is 'IA3': only LORA", lambda folder: lora_folder(folder, peft_type="IA3")),
        (3, "the config says rank 4 for both factors", lambda folder: lora_folder(folder, r=4)),
        (
            3,
            "model.layers.3.self_attn.q_proj: lora_B is 512 x 8, and the model's has 1024 outputs",
            lambda folder: lora_folder(folder, reshaped("q_proj.lora_B.weight", lambda shape: (512, shape[1]))),
        ),
    ],
)
def test_an_adapter_that_cannot_be_served_has_one_message_a_hint_and_starts_nothing(
    qorch: Qorch, runtime: InMemoryRuntime, code: int, error: str, spoil: Callable[[Path], object]
) -> None:
    spoil(lora_folder(Path("a")))
    refused(qorch, runtime, code, error, "--lora", "mine=a")


def test_a_hint_to_plan_keeps_the_adapters(qorch: Qorch, runtime: InMemoryRuntime) -> None:
    folder = lora_folder(Path("a b")).absolute()
    done = qorch("plan", "--profile", "qwen3.5-9b-bf16", "--hardware", "a100-80gb", "--lora", "mine=a b")
    assert done.code == 3
    assert done.hint.endswith(f"--lora 'mine={folder}'")


def refused(qorch: Qorch, runtime: InMemoryRuntime, code: int, error: str, *options: str) -> None:
    done = qorch("up", *ON_VLLM, *options)
    assert (done.code, done.out) == (code, "")
    assert error in done.error
    assert done.hint
    assert runtime.deployed() is None
    assert runtime.calls in ([], ["remove"])
