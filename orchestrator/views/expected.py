"""What a plan is expected to do and to cost; every predicted figure is called an estimate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrator.core.amounts import counted
from orchestrator.core.plan import Fit, FitPlan, Placement
from orchestrator.core.plan_cost import plan_cost, saturation_tok_s, unpriced
from orchestrator.core.prediction import Prediction
from orchestrator.core.wish import NO_PRICES, Prices
from orchestrator.views.hardware import devices_text
from orchestrator.views.table import GAP, hanging, indent, wrapped_table
from orchestrator.views.units import money_text, rate_text, seconds_text

HEADERS = ("ESTIMATE", "VALUE", "OF")


def expected_text(plan: FitPlan, width: int) -> Iterator[str]:
    """A table for each variant that runs, then the whole plan's; nothing where nothing is predicted or priced."""
    fits = dict.fromkeys(placement.fit for placement in plan.placements)
    for fit in fits:
        if fit.prediction is not None:
            yield estimates_text(fit, fit.prediction, width)
    if rows := list(_plan_rows(plan.placements, plan.wish.prices)):
        yield f"Estimated for the plan\n{_table(rows, width)}"


def estimates_text(fit: Fit, prediction: Prediction, width: int) -> str:
    head = hanging(f"Estimated for one replica of {fit.profile.name} on {devices_text(fit)}", width)
    return "\n".join((*head, _table(_prediction_rows(fit, prediction), width)))


def _prediction_rows(fit: Fit, prediction: Prediction) -> list[tuple[str, ...]]:
    """One row a figure."""
    prompt, answer = counted(prediction.prompt_tokens, "token"), f"{prediction.output_tokens:,}"
    return [
        ("one stream", rate_text(prediction.decode_tok_s), "generation, with nothing else running"),
        (
            "one request",
            rate_text(prediction.request_tok_s),
            f"{prompt} in and {answer} out, the wait included",
        ),
        (
            "saturation",
            rate_text(prediction.saturation_tok_s),
            f"generation, with {prediction.saturation_concurrency:,} of {fit.max_num_seqs:,} sequences at once, "
            "prompts read in between",
        ),
        ("prefill", rate_text(prediction.prefill_tok_s), "reading prompts"),
        ("first token", seconds_text(prediction.ttft_s), f"after a prompt of {prompt}, with nobody before it"),
        ("cold start", seconds_text(prediction.cold_start_s), "from nothing to the first answer"),
    ]


def _plan_rows(placements: Sequence[Placement], prices: Prices) -> Iterator[tuple[str, ...]]:
    replicas = sum(each.num_replicas for each in placements)
    if replicas > 1 and (tok_s := saturation_tok_s(placements)):
        yield ("saturation", rate_text(tok_s), f"generation by all {replicas:,} replicas")
    if prices == NO_PRICES or not placements:
        return
    if cost := plan_cost(placements, prices):
        yield ("an hour", money_text(cost.per_hour), "of all that runs, in the currency of your prices")
        if cost.per_million is not None:
            yield ("1M tokens", money_text(cost.per_million), "generated while every replica is saturated")
    else:
        yield ("an hour", "not known", f"no --price was given for {', '.join(unpriced(placements, prices))}")


def _table(rows: Sequence[tuple[str, ...]], width: int) -> str:
    return indent(wrapped_table(HEADERS, rows, width - len(GAP)))
