"""Ollama's names and addresses, how its tags fit, and when one is chosen."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.choose import choose
from orchestrator.core.device import Device
from orchestrator.core.errors import SettingsError
from orchestrator.core.fit import fit
from orchestrator.core.inventory import Inventory, one_host
from orchestrator.core.ollama_names import Address, address, derived_name, manifest_path, runs_elsewhere, version_of
from orchestrator.core.plan import Availability, Engines, Fit, FitPlan, Misfit
from orchestrator.core.profile import EngineName
from orchestrator.core.wish import Wish
from tests.core.machines import (
    A6000,
    BY_NAME,
    ENGINES,
    FETCHABLE,
    HERE,
    NOWHERE,
    PREDICT,
    PROFILES,
    RTX_4090,
    everywhere,
    machine,
    plan_for,
)

NINE_B = BY_NAME["qwen3.5-9b-ollama"]
NO_OLLAMA: Engines = {
    key: Availability(False, False, "no Ollama") if key[0] is EngineName.OLLAMA else there
    for key, there in ENGINES.items()
}


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        (None, "127.0.0.1", 11434),
        ("", "127.0.0.1", 11434),
        ('"127.0.0.1:1234"', "127.0.0.1", 1234),
        (":1234", "127.0.0.1", 1234),
        ("0.0.0.0:11434", "127.0.0.1", 11434),
        ("http://0.0.0.0", "127.0.0.1", 80),
        ("[::]:5000", "::1", 5000),
        ("gpu-box", "gpu-box", 11434),
        ("http://10.0.0.5:8080/", "10.0.0.5", 8080),
    ],
)
def test_an_address_is_read_as_ollama_reads_it(text: str | None, host: str, port: int) -> None:
    assert address(text) == Address(host, port)


@pytest.mark.parametrize("text", ["https://ollama.com", "http://h/path", "h:99999", "h:x", "ftp://h"])
def test_an_address_that_the_gateway_could_not_speak_to_is_refused_with_the_variable(text: str) -> None:
    with pytest.raises(SettingsError, match="OLLAMA_HOST: expected"):
        address(text)


@pytest.mark.parametrize(
    ("host", "here"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("10.0.0.5", False), ("box", False)],
)
def test_only_loopback_is_on_this_host(host: str, here: bool) -> None:
    assert Address(host, 1).on_this_host is here


def test_an_ipv6_address_has_brackets_in_its_url() -> None:
    assert Address("::1", 5000).url == "http://[::1]:5000"


@pytest.mark.parametrize(
    ("tag", "elsewhere"),
    [
        ("qwen3.5:cloud", True),
        ("qwen3.5:397b-cloud", True),
        ("q:Cloud", True),
        ("qwen3.5:9b", False),
        ("cloud:9b", False),
    ],
)
def test_tags_of_the_cloud_are_known(tag: str, elsewhere: bool) -> None:
    assert runs_elsewhere(tag) is elsewhere


def test_a_tag_has_its_manifest_in_the_store_of_its_registry() -> None:
    assert manifest_path("qwen3.5:9b") == "manifests/registry.ollama.ai/library/qwen3.5/9b"


@given(st.text(max_size=200))
def test_a_derived_name_is_one_that_ollama_takes_whoever_owns_it(owner: str) -> None:
    name = derived_name("qwen3.5:9b", owner)
    assert re.fullmatch(r"qorch/qwen3\.5:9b-[A-Za-z0-9_.-]{0,77}", name)


@given(st.lists(st.integers(0, 999), min_size=1, max_size=4), st.lists(st.integers(0, 999), min_size=1, max_size=4))
def test_versions_compare_as_numbers(one: list[int], other: list[int]) -> None:
    texts = [".".join(map(str, parts)) + "-rc1" for parts in (one, other)]
    assert (version_of(texts[0]) < version_of(texts[1])) is (one < other)


def fitted(inventory: Inventory, **wish: int) -> Fit:
    found = fit(NINE_B, inventory, Wish(**wish))  # type: ignore[arg-type]
    assert isinstance(found, Fit)
    return found


def test_a_tag_goes_on_the_cpu_of_a_host_without_a_gpu_one_request_at_a_time() -> None:
    found = fitted(machine(memory_gib=32))
    assert (found.device, found.gpu_indices, found.max_num_seqs) == (Device.CPU, (), 1)
    assert any("one request at a time" in note for note in found.notes)


def test_a_tag_goes_on_the_gpu_with_the_most_room() -> None:
    found = fitted(machine(RTX_4090, A6000))
    assert (found.device, found.gpu_indices, found.device_name) == (Device.GPU, (1,), "NVIDIA RTX A6000")


def test_its_memory_is_that_of_the_llama_cpp_that_ollama_runs() -> None:
    found = fitted(machine(memory_gib=32), max_model_len=8192)
    assert {part.name for part in found.memory.parts} >= {"weights", "kv_cache", "recurrent_state"}
    assert found.memory.parts[0].bytes == NINE_B.weights.bytes  # with its vision encoder: no projector beside it


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (Wish(max_num_seqs=4), "max_num_seqs 4 was asked for"),
        (Wish(num_replicas=2), "2 replicas were asked for"),
        (Wish(tensor_parallel_size=2), "ollama takes one device"),
        (Wish(max_model_len=300_000), "the model takes 262,144"),
    ],
)
def test_what_ollama_does_not_do_is_a_misfit_with_the_reason(wish: Wish, reason: str) -> None:
    found = fit(NINE_B, machine(memory_gib=64), wish)
    assert isinstance(found, Misfit)
    assert reason in found.reasons[0]


def test_a_tag_that_is_too_large_says_what_is_missing() -> None:
    found = fit(NINE_B, machine(memory_gib=6), Wish())
    assert isinstance(found, Misfit)
    assert found.memory is not None
    assert found.memory.headroom_bytes < 0


def name_of(plan: FitPlan) -> str:
    assert plan.chosen is not None, plan.reason
    return plan.chosen.profile.name


@pytest.mark.parametrize("wish", [Wish(), Wish("gguf"), Wish("qwen3.5-9b"), Wish(model="qwen3.5-4b")])
def test_ollama_is_not_chosen_where_anything_else_can_run(wish: Wish) -> None:
    for inventory in (machine(memory_gib=16), machine(RTX_4090)):
        assert not name_of(plan_for(inventory, wish)).endswith("-ollama")


@pytest.mark.parametrize("wish", [Wish(engine=EngineName.OLLAMA), Wish("qwen3.5-9b-ollama")])
def test_ollama_is_chosen_when_it_is_asked_for(wish: Wish) -> None:
    assert name_of(plan_for(machine(memory_gib=32), wish)) == "qwen3.5-9b-ollama"


def only_in_ollama(inventory: Inventory, wish: Wish, engines: Engines = ENGINES) -> FitPlan:
    """As on a host without a route to the hub, whose Ollama has every tag."""
    weights = everywhere(NOWHERE) | {p.name: HERE for p in PROFILES if p.weights.tag}
    return choose(PROFILES, one_host(inventory), wish, weights, engines, PREDICT)


@pytest.mark.parametrize("wish", [Wish(), Wish(model="qwen3.5-9b"), Wish("gguf")])
@pytest.mark.parametrize("inventory", [machine(memory_gib=32), machine(RTX_4090)], ids=["cpu", "gpu"])
def test_ollama_serves_where_nothing_else_has_weights(inventory: Inventory, wish: Wish) -> None:
    assert name_of(only_in_ollama(inventory, wish)) == "qwen3.5-9b-ollama"


def test_without_ollama_the_stand_in_serves_as_before() -> None:
    assert name_of(only_in_ollama(machine(memory_gib=32), Wish(), NO_OLLAMA)).startswith("demo")


def test_another_engine_that_was_asked_for_is_not_replaced_by_ollama() -> None:
    plan = only_in_ollama(machine(memory_gib=32), Wish(model="qwen3.5-9b", engine=EngineName.LLAMA_CPP))
    assert plan.chosen is None


def test_a_refused_tag_says_how_it_can_be_had() -> None:
    plan = plan_for(machine(memory_gib=32), Wish(), weights=FETCHABLE)
    refusal = next(one.refusal for one in plan.candidates if one.profile is NINE_B)
    assert refusal is not None
    assert "--engine ollama" in refusal


def test_speed_on_a_gpu_is_predicted_with_the_llama_cpp_that_ollama_runs() -> None:
    plan = plan_for(machine(RTX_4090), Wish("qwen3.5-9b-ollama"))
    assert plan.chosen is not None
    assert plan.chosen.prediction is not None
