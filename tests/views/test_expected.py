"""What is said of speed and cost: estimates are called so, and what is not known is not made up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.core.choose import choose
from orchestrator.core.inventory import one_host
from orchestrator.core.plan import FitPlan
from orchestrator.core.prediction import Prediction
from orchestrator.core.wish import Prices, Wish
from orchestrator.views.plan import plan_text
from orchestrator.views.plan_data import plan_data
from orchestrator.views.units import money_text, rate_text, seconds_text
from tests.core.machines import A100_80, A6000, ENGINES, FETCHABLE, PROFILES, everywhere, machine

PREDICTED = Prediction(45.25, 1820, 64, 3200, 0.61, 2048, 256, 42, ("decode: 27 GB over 2 TB/s",))
PRICES = Prices((("NVIDIA A100-SXM4-80GB", 1.8),), None, 0.1)


def plan(*gpus: tuple[str, float, tuple[int, int]], predicted: Prediction | None, wish: Wish) -> FitPlan:
    site = one_host(machine(*gpus))
    return choose(PROFILES, site, wish, everywhere(FETCHABLE), ENGINES, lambda fit, inventory: predicted)


def on_two_gpus(predicted: Prediction | None, prices: Prices = PRICES) -> FitPlan:
    wish = Wish("qwen3.5-9b-bf16", num_replicas=2, tensor_parallel_size=1, prices=prices)
    return plan(A100_80, A100_80, predicted=predicted, wish=wish)


def rows(text: str, heading: str) -> list[str]:
    section = next(part for part in text.split("\n\n") if part.startswith(heading))
    return [" ".join(line.split()) for line in section.splitlines()[2:]]


def test_the_figures_of_a_replica_and_of_the_plan_are_called_estimates() -> None:
    text = plan_text(on_two_gpus(PREDICTED), 200)
    assert rows(text, "Estimated for one replica of qwen3.5-9b-bf16")[:3] == [
        "one stream 45.2 tok/s generation, with nothing else running",
        "one request 40.8 tok/s 2,048 tokens in and 256 out, the wait included",
        "saturation 1,820 tok/s generation, with 64 of 256 sequences at once, prompts read in between",
    ]
    assert rows(text, "Estimated for one replica")[4].startswith("first token 0.61 s after a prompt of 2,048 tokens")
    assert rows(text, "Estimated for the plan") == [
        "saturation 3,640 tok/s generation by all 2 replicas",
        "an hour 3.60 of all that runs, in the currency of your prices",
        "1M tokens 0.27 generated while every replica is saturated",
    ]


def test_what_is_not_predicted_is_not_shown_and_costs_nothing_a_token() -> None:
    shown = on_two_gpus(None)
    assert "Estimated for one replica" not in plan_text(shown, 200)
    assert [row.split()[0] for row in rows(plan_text(shown, 200), "Estimated for the plan")] == ["an"]
    assert plan_data(shown)["cost"] == {"per_hour": 3.6, "per_million": None}
    assert "Estimated" not in plan_text(on_two_gpus(None, Prices()), 200)


def test_a_device_without_a_price_is_named_and_never_counted_as_free() -> None:
    shown = plan(A6000, predicted=PREDICTED, wish=Wish("qwen3.5-9b-bf16", prices=PRICES))
    assert rows(plan_text(shown, 200), "Estimated for the plan") == [
        "an hour not known no --price was given for NVIDIA RTX A6000"
    ]
    assert plan_data(shown)["cost"] is None


def test_a_host_costs_its_hour_however_many_replicas_it_serves() -> None:
    wish = Wish("qwen3.5-4b-q8_0", num_replicas=2, prices=PRICES)
    assert plan_data(plan(predicted=PREDICTED, wish=wish))["cost"]["per_hour"] == pytest.approx(0.1)


def test_the_data_has_the_prediction_with_its_arithmetic() -> None:
    data = plan_data(on_two_gpus(PREDICTED))["chosen"]["prediction"]
    assert (data["decode_tok_s"], data["why"]) == (45.25, ["decode: 27 GB over 2 TB/s"])
    assert plan_data(on_two_gpus(replace(PREDICTED, why=())))["placements"][0]["fit"]["prediction"]["why"] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (rate_text(3.14), "3.1 tok/s"),
        (rate_text(12345), "12,345 tok/s"),
        (seconds_text(0.6), "0.60 s"),
        (seconds_text(179), "179 s"),
        (seconds_text(180), "3.0 min"),
        (money_text(0.0123), "0.012"),
        (money_text(0), "0.00"),
        (money_text(1234.5), "1,234.50"),
    ],
)
def test_amounts_keep_the_figures_that_say_something(text: str, expected: str) -> None:
    assert text == expected
