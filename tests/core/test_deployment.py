"""From a plan to what is deployed, and to JSON and back."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.deployment import (
    DeploymentSpec,
    GatewaySpec,
    Predicted,
    ScalingSpec,
    Variant,
    deployment_spec_from_data,
)
from orchestrator.core.engine_settings import memory_of_another_replica, prompt_cache_mib, threads_per_replica
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.core.order_diff import differences
from orchestrator.core.plan import FitPlan
from orchestrator.core.planned_deployment import Endpoint, ModelFiles, Places, deployment_spec
from orchestrator.core.prediction import Prediction
from orchestrator.core.replica_bounds import ReplicaBounds
from orchestrator.core.scaled import bounded, scaled
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.serve_config import serve_config
from orchestrator.core.variant_limits import VariantLimits, most_images
from orchestrator.core.wish import Wish
from tests.app.samples import chosen, demo_spec
from tests.core.machines import A100_80, A6000, gpu, machine, plan_for, with_gpus

FILES = ModelFiles("/w/model.gguf", None)
PLACES = Places("/logs", "/keys.json", "/admin", "/claims", "/scaling.json")
LOOPBACK = Endpoint("127.0.0.1", 8000, False)
ON_CPU = plan_for(machine(memory_gib=128, cores=16), Wish("qwen3.5-4b-q8_0", num_replicas=2))
ON_GPU = plan_for(machine(A100_80), Wish("qwen3.5-9b-bf16"))


def deployed(plan: FitPlan, files: ModelFiles = FILES, endpoint: Endpoint = LOOPBACK) -> DeploymentSpec:
    of_profiles = {profile.name: files for profile in plan.profiles}
    return deployment_spec("default", plan, of_profiles, PLACES, endpoint, {}, created_s=7)


def test_the_engines_are_as_the_fit_says() -> None:
    fit = chosen(ON_CPU)
    spec = deployed(ON_CPU)
    (variant,) = spec.variants
    assert (variant.engine.max_model_len, variant.engine.max_num_seqs) == (fit.max_model_len, fit.max_num_seqs)
    assert (spec.num_replicas, variant.num_gpus, variant.engine.device) == (2, 0, "cpu")


def test_the_gateway_listens_where_it_is_told_and_lets_no_more_tokens_through_than_the_engine_takes() -> None:
    gateway = deployed(ON_CPU, endpoint=Endpoint("0.0.0.0", 9000, True)).gateway
    assert (gateway.host, gateway.port, gateway.keys_required, gateway.created_s) == ("0.0.0.0", 9000, True, 7)
    assert [one.max_model_len for one in gateway.variants] == [chosen(ON_CPU).max_model_len]


def test_a_client_may_ask_for_the_model_or_for_the_profile() -> None:
    assert deployed(ON_CPU).gateway.served_model_names == ("qwen3.5-4b", "qwen3.5-4b-q8_0")


def test_images_are_let_through_only_where_the_file_that_reads_them_is_there() -> None:
    assert most_images(deployed(ON_CPU).gateway.variants) == 0
    gateway = deployed(ON_CPU, replace(FILES, mmproj_path="/w/mmproj.gguf")).gateway
    assert most_images(gateway.variants) == chosen(ON_CPU).profile.model.limits.images_per_request


@pytest.mark.parametrize(("cores", "replicas", "threads"), [(16, 1, 16), (16, 2, 8), (16, 3, 5), (2, 4, 1)])
def test_replicas_share_the_cores_and_each_has_one_at_least(cores: int, replicas: int, threads: int) -> None:
    assert threads_per_replica(cores, replicas, chosen(ON_CPU)) == threads


def test_a_stand_in_is_too_small_for_a_second_thread() -> None:
    assert threads_per_replica(16, 1, chosen(plan_for(machine(), Wish("demo-gguf")))) == 1


def test_another_replica_on_a_cpu_takes_its_prompt_cache_and_everything_but_the_file_that_it_shares() -> None:
    fit = chosen(ON_CPU)
    parts = {part.name: part.bytes for part in fit.memory.parts}
    own = fit.memory.needed_bytes - parts["weights"] + fit.profile.weights.mmproj_bytes
    cache = prompt_cache_mib(fit) * 2**20
    assert memory_of_another_replica(fit) == own + cache > own > 0


def test_another_replica_on_a_gpu_takes_none_of_the_hosts_memory() -> None:
    assert memory_of_another_replica(chosen(ON_GPU)) == 0


def test_variants_of_one_model_have_a_deployment_each_with_gpus_of_their_own_and_answer_to_the_same_names() -> None:
    spec = deployed(plan_for(machine(A100_80, A100_80, A6000), Wish(model="qwen3.5-35b-a3b", num_replicas=3)))
    assert len(spec.variants) > 1
    assert len({one.name for one in spec.variants}) == len(spec.variants)
    taken = [uuid for one in spec.variants for gpus in one.engine.gpu_sets for uuid in gpus]
    assert sorted(taken) == sorted(set(taken))
    assert {one.engine.served_model_names for one in spec.variants} == {spec.gateway.served_model_names}
    told = [(one.name, one.engine.engine, one.engine.max_model_len) for one in spec.variants]
    assert [(one.name, one.engine, one.max_model_len) for one in spec.gateway.variants] == told
    assert all(one.most_replicas == one.num_replicas for one in spec.variants)


def test_vllm_is_told_the_share_of_memory_that_is_free_where_others_hold_some() -> None:
    held = with_gpus(machine(A100_80), gpu(0, *A100_80, free_gib=60))
    (variant,) = deployed(plan_for(held, Wish("qwen3.5-9b-bf16"))).variants
    assert variant.engine.gpu_memory_utilization == 0.75
    assert "--gpu-memory-utilization=0.75" in variant.engine.arguments
    (alone,) = deployed(ON_GPU).variants
    assert (alone.engine.gpu_memory_utilization, alone.engine.gpu_sets) == (0.92, (("GPU-0",),))


def test_a_change_of_count_changes_nothing_that_would_restart_replicas() -> None:
    spec = demo_spec()
    nine = replace(spec, variants=(replace(spec.variants[0], num_replicas=9),))
    assert nine.serve_arguments() == spec.serve_arguments()
    other_port = replace(spec, gateway=replace(spec.gateway, port=1))
    assert other_port.serve_arguments() != spec.serve_arguments()


def test_a_fixed_number_is_held_by_the_policy_so_that_it_can_follow_the_load_later() -> None:
    spec = demo_spec()
    assert spec.scaling is not None
    assert [each.bounds for each in spec.variants] == [ReplicaBounds(1, 1)]
    assert spec.bounds is None
    (deployment, *_) = serve_config(spec)["applications"][0]["deployments"]
    assert {deployment["autoscaling_config"][name] for name in ("min_replicas", "max_replicas")} == {1}
    opened = bounded(spec, ReplicaBounds(1, 3))
    assert opened.serve_arguments() == spec.serve_arguments()
    assert policy_of(opened) == policy_of(spec)


def policy_of(spec: DeploymentSpec) -> object:
    return serve_config(spec)["applications"][0]["autoscaling_policy"]


def test_the_gateway_is_told_where_the_policy_writes_and_nothing_else_of_it() -> None:
    spec = demo_spec()
    assert replace(spec, scaling=None).serve_arguments()["autoscaled"] is False
    scaled_by = [replace(spec, scaling=ScalingSpec("s.json", ScalingPolicy(wait_s))) for wait_s in (1.0, 2.0)]
    assert all(each.serve_arguments()["autoscaled"] for each in scaled_by)
    assert scaled_by[0].serve_arguments() == scaled_by[1].serve_arguments()


def test_the_prompt_cache_takes_a_quarter_of_the_headroom_and_never_more_than_two_gib() -> None:
    fit = chosen(ON_CPU)
    for headroom_mib, cache_mib in ((-5, 0), (400, 100), (2**20, 2048)):
        memory = replace(fit.memory, available_bytes=fit.memory.needed_bytes + headroom_mib * 2**20)
        assert prompt_cache_mib(replace(fit, memory=memory)) == cache_mib


class TestDifferences:
    def test_the_same_wish_has_none(self) -> None:
        spec = demo_spec(asked={"profile": "auto", "context": None})
        assert differences(spec, {"profile": "auto", "context": None}) == ()

    def test_each_other_wish_is_named_with_what_runs_and_what_is_asked_for(self) -> None:
        spec = demo_spec(asked={"profile": "auto", "context": None, "port": 8000})
        assert differences(spec, {"profile": "fp8", "context": 5, "port": 8000}) == (
            "profile: auto runs, fp8 is asked for",
            "context: None runs, 5 is asked for",
        )

    def test_a_wish_that_the_fleet_never_heard_of_is_a_difference(self) -> None:
        assert differences(demo_spec(asked={}), {"speculative": "on"}) == ("speculative: None runs, on is asked for",)

    @pytest.mark.parametrize(("asked", "found"), [(None, ()), (3, ()), (1, ("replicas: 3 runs, 1 is asked for",))])
    def test_replicas_are_compared_with_how_many_there_are_and_only_if_asked_for(
        self, asked: int | None, found: tuple[str, ...]
    ) -> None:
        spec = scaled(demo_spec(asked={"replicas": 1}), 3)
        assert differences(spec, {"replicas": asked}) == found


TEXT = st.text(max_size=20)
NAMES = st.lists(TEXT, max_size=3).map(tuple)
WHOLE = st.integers(0, 2**53)
ENGINES = st.builds(
    EngineSpec,
    **dict.fromkeys(("engine", "profile", "device", "model_path", "log_dir", "claims_dir"), TEXT),
    **dict.fromkeys(
        ("max_model_len", "max_num_seqs", "threads", "prompt_cache_mib", "context_checkpoints", "gpu_free_bytes"), WHOLE
    ),
    mmproj_path=st.none() | TEXT,
    served_model_names=NAMES,
    arguments=NAMES,
    gpu_memory_utilization=st.floats(0, 1),
    stall_s=st.floats(0, 1e6),
    environment=st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple),
    gpu_sets=st.lists(NAMES, max_size=3).map(tuple),
)
GATEWAYS = st.builds(
    GatewaySpec,
    **dict.fromkeys(("host", "keys_path", "admin_token_path"), TEXT),
    **dict.fromkeys(("port", "caution_past_tokens", "created_s"), WHOLE),
    served_model_names=NAMES,
    loras=NAMES,
    keys_required=st.booleans(),
    variants=st.lists(st.builds(VariantLimits, TEXT, TEXT, WHOLE, WHOLE), max_size=3).map(tuple),
)
RATES = st.floats(0, 1e6)
PREDICTIONS = st.builds(
    Prediction,
    decode_tok_s=RATES,
    saturation_tok_s=RATES,
    saturation_concurrency=WHOLE,
    prefill_tok_s=RATES,
    ttft_s=RATES,
    prompt_tokens=WHOLE,
    output_tokens=WHOLE,
    cold_start_s=RATES,
    why=st.lists(TEXT, max_size=3).map(tuple),
)
VARIANTS = st.builds(
    Variant,
    name=TEXT,
    engine=ENGINES,
    num_replicas=WHOLE,
    num_gpus=WHOLE,
    memory_bytes=WHOLE,
    predicted=st.builds(Predicted, WHOLE, st.none() | PREDICTIONS),
    device_name=TEXT,
)
SPECS = st.builds(
    DeploymentSpec,
    fleet=TEXT,
    variants=st.lists(VARIANTS, max_size=3).map(tuple),
    gateway=GATEWAYS,
    asked=st.dictionaries(TEXT, st.none() | st.booleans() | WHOLE | TEXT, max_size=5),
)


@given(SPECS)
def test_a_spec_survives_being_written_as_json(spec: DeploymentSpec) -> None:
    assert deployment_spec_from_data(json.loads(json.dumps(spec.to_data()))) == spec


@given(SPECS)
def test_what_ray_serve_is_given_is_plain_json(spec: DeploymentSpec) -> None:
    engines = json.loads(json.dumps(spec.serve_arguments()))["engines"]
    assert engines == {one.name: json.loads(json.dumps(asdict(one.engine))) for one in spec.variants}


@pytest.mark.parametrize("change", [{"variants": [{}]}, {"unknown": 1}, {"gateway": None}, {"variants": "text"}])
def test_another_versions_spec_is_refused_and_not_half_read(change: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        deployment_spec_from_data({**demo_spec().to_data(), **change})
