"""The page of plans is current, and what the founding article promises holds as far as the page says."""

from __future__ import annotations

import pytest

from bench.plans import ARTICLE, MACHINES, PAGE, PROMISES, Case, page, plan_of
from orchestrator.core.wish import Wish


def test_the_page_of_plans_is_current() -> None:
    assert PAGE.read_text() == page(), "run python -m bench.plans, and read what it changed"


@pytest.mark.parametrize("case", PROMISES, ids=lambda case: f"{case.name} {case.wish.profile}")
def test_every_promise_of_the_article_can_be_kept(case: Case) -> None:
    plan = plan_of(case)
    assert plan.chosen is not None
    assert plan.chosen.profile.model.name == ARTICLE
    assert plan.chosen.max_model_len >= 32_768


@pytest.mark.parametrize(
    ("hardware", "profile"),
    [
        ("a100-80gb", f"{ARTICLE}-bf16"),  # 144 GB on one card
        ("a100-40gb", f"{ARTICLE}-gptq"),  # 37.4 GB: a card of 40 GB is too small, one of 48 GB is not
        ("cpu:16c:32gb", f"{ARTICLE}-q4_k_m"),
    ],
)
def test_on_the_next_smaller_machine_it_cannot(hardware: str, profile: str) -> None:
    chosen = plan_of(Case("smaller", hardware, Wish(profile))).chosen
    assert chosen is None


def test_every_machine_serves_a_real_model() -> None:
    for name, hardware in MACHINES.items():
        chosen = plan_of(Case(name, hardware)).chosen
        assert chosen is not None
        assert chosen.profile.model.name.startswith("qwen3.5-")
        assert chosen.max_model_len >= 16_384
