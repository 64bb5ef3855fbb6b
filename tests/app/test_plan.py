"""A plan that nothing came of: which exit code, and what the person can do."""

from __future__ import annotations

import pytest

from orchestrator.app.plan import make_described_plan, require_fit
from orchestrator.core.device import Device
from orchestrator.core.errors import DoesNotFit, EnvironmentNotReady, ExitCode, QorchError
from orchestrator.core.inventory import one_host
from orchestrator.core.plan import FitPlan
from orchestrator.core.profile import EngineName
from orchestrator.core.wish import Wish
from tests.core.machines import A100_80, ENGINES, NOWHERE, PREDICT, PROFILES, machine, plan_for

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
