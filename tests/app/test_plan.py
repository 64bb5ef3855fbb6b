"""A plan that nothing came of: which exit code, and what the person can do."""

from __future__ import annotations

import pytest

from orchestrator.app.plan import make_described_plan, make_pod_plan, require_fit
from orchestrator.core.device import Device
from orchestrator.core.errors import DoesNotFit, EnvironmentNotReady, ExitCode, QorchError
from orchestrator.core.inventory import HostGroup, Site, one_host
from orchestrator.core.plan import FitPlan
from orchestrator.core.profile import EngineName
from orchestrator.core.wish import Wish
from tests.core.machines import A100_80, ENGINES, NOWHERE, PREDICT, PROFILES, machine, plan_for

L4 = ("NVIDIA L4", 22.5, (8, 9))

NO_VLLM = {**ENGINES, (EngineName.VLLM, Device.GPU): NOWHERE}
TOO_LARGE = plan_for(machine(memory_gib=8), Wish("qwen3.5-397b-a17b"))
NO_WEIGHTS = plan_for(machine(A100_80), Wish("qwen3.5-9b-bf16"), weights=NOWHERE)
NO_ENGINE = plan_for(machine(A100_80), Wish("qwen3.5-9b-bf16"), engines=NO_VLLM)


def test_a_plan_with_a_choice_is_its_fit() -> None:
    plan = plan_for(machine(), Wish("demo-gguf"))
    assert require_fit(plan) is plan.chosen


@pytest.mark.parametrize(
    ("plan", "kind", "exit_code", "hint"),
    [
        (TOO_LARGE, DoesNotFit, ExitCode.DOES_NOT_FIT, "qorch plan --profile "),
        (NO_WEIGHTS, EnvironmentNotReady, ExitCode.ENVIRONMENT_NOT_READY, "qorch pull "),
        (NO_ENGINE, EnvironmentNotReady, ExitCode.ENVIRONMENT_NOT_READY, "qorch doctor"),
    ],
    ids=["does not fit", "no weights", "no engine"],
)
def test_each_way_to_fail_has_its_error_its_reason_and_a_hint(
    plan: FitPlan, kind: type[QorchError], exit_code: ExitCode, hint: str
) -> None:
    with pytest.raises(kind) as raised:
        require_fit(plan)
    assert raised.value.exit_code is exit_code
    assert raised.value.message == plan.reason
    assert raised.value.hint is not None
    assert raised.value.hint.startswith(hint)


def test_the_hint_names_a_profile_that_there_is() -> None:
    with pytest.raises(DoesNotFit) as raised:
        require_fit(TOO_LARGE)
    assert raised.value.hint == f"qorch plan --profile {TOO_LARGE.nearest}"


def test_for_a_machine_that_one_does_not_have_engines_and_published_weights_count_as_there() -> None:
    described = make_described_plan(PROFILES, one_host(machine(A100_80)), Wish(), PREDICT)
    assert require_fit(described).profile.engine is EngineName.VLLM
    assert make_described_plan(PROFILES, one_host(machine()), Wish("demo-gguf"), PREDICT).chosen is None


def test_a_replica_on_pods_spans_no_hosts_and_has_no_store_of_ollamas() -> None:
    hosts, wish = Site((HostGroup(machine(L4), 4),)), Wish("qwen3.5-9b-bf16")
    assert require_fit(make_described_plan(PROFILES, hosts, wish, PREDICT)).pipeline_parallel_size > 1
    assert make_pod_plan(PROFILES, hosts, wish, PREDICT).chosen is None
    considered = make_pod_plan(PROFILES, hosts, Wish(), PREDICT).candidates
    assert EngineName.OLLAMA not in {each.profile.engine for each in considered}


def test_a_stand_in_on_pods_is_for_whoever_names_it() -> None:
    small = one_host(machine(memory_gib=2, cores=2))
    assert require_fit(make_pod_plan(PROFILES, small, Wish("demo"), PREDICT)).profile.model.name == "demo"
    assert make_pod_plan(PROFILES, one_host(machine(memory_gib=0.5)), Wish(), PREDICT).chosen is None
