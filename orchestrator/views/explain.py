"""One candidate with all its arithmetic: memory, score, estimates, quality, refusal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrator.core.amounts import counted
from orchestrator.core.plan import Candidate, FitPlan, Option, ScoreStep
from orchestrator.core.profile import Profile
from orchestrator.views.expected import estimates_text
from orchestrator.views.hardware import devices_text
from orchestrator.views.memory import fit_memory_text, misfit_memory_text
from orchestrator.views.plan_data import candidate_data, option_data
from orchestrator.views.table import GAP, indent, paragraph, shorten_lines, wrapped_table
from orchestrator.views.units import tokens_text

SCORE_HEADERS = ("STEP", "VALUE", "WEIGHT", "FACTOR", "WHY")


def explain_text(plan: FitPlan, candidate: Candidate, width: int) -> str:
    """The best way to run it in full, the others by their scores; or why there is none."""
    return shorten_lines("\n\n".join(_sections(plan, candidate, width)), width)


def explain_data(plan: FitPlan, candidate: Candidate) -> dict[str, Any]:
    """The candidate as in the plan's data, with its rank and every way to run it."""
    return {
        "rank": _rank(plan, candidate),
        "of": len(plan.candidates),
        **candidate_data(candidate),
        "options": [option_data(option) for option in candidate.options],
    }


def _sections(plan: FitPlan, candidate: Candidate, width: int) -> Iterator[str]:
    yield "\n".join((_head(plan, candidate), *(paragraph(line, width) for line in _profile_lines(candidate.profile))))
    if candidate.refusal:
        yield f"Refused\n{paragraph(candidate.refusal, width)}"
    if candidate.misfit:
        yield from misfit_memory_text(candidate.misfit, width)
    else:
        yield from _option_sections(candidate.options[0], width)
    if others := candidate.options[1:]:
        lines = (f"{_way(option)}: {_score_text(option)}" for option in others)
        yield "\n".join(("Other ways", *(paragraph(line, width) for line in lines)))


def _head(plan: FitPlan, candidate: Candidate) -> str:
    score = "refused" if candidate.misfit else _score_text(candidate.options[0])
    return f"{candidate.profile.name}: {score}, rank {_rank(plan, candidate)} of {len(plan.candidates)}"


def _rank(plan: FitPlan, candidate: Candidate) -> int:
    return plan.candidates.index(candidate) + 1


def _profile_lines(profile: Profile) -> Iterator[str]:
    model = profile.model
    yield f"{profile.quantization} on {profile.engine}"
    yield f"quality {model.quality:.2f} of 1 among the sizes ({model.quality_source})"
    kept = f"{profile.quality_retained:.1%} of it kept" if profile.quality_retained < 1 else "all of it kept"
    yield f"{kept} in this precision ({profile.quality_source})"


def _option_sections(option: Option, width: int) -> Iterator[str]:
    fit = option.fit
    head = "Would run" if option.refused_by else "Runs"
    yield "\n".join((head, *(paragraph(line, width) for line in (_way(option), *fit.notes))))
    yield fit_memory_text(fit, width)
    yield _score(option, width)
    if fit.prediction is not None:
        yield estimates_text(fit, fit.prediction, width)
        if fit.prediction.why:
            yield "\n".join(("How it was estimated", *(paragraph(line, width) for line in fit.prediction.why)))


def _way(option: Option) -> str:
    fit = option.fit
    return (
        f"on {devices_text(fit)}: {tokens_text(fit.max_model_len)} tokens of context, "
        f"{counted(fit.max_num_seqs, 'sequence')}"
    )


def _score_text(option: Option) -> str:
    return "refused" if option.refused_by else f"score {option.score:.2f}"


def _score(option: Option, width: int) -> str:
    """Every step with what it contributes; the product of the factors is the score."""
    rows = [(step.name, f"{step.value:.3f}", f"{step.weight:g}", _factor(step), step.why) for step in option.steps]
    head = f"Score {option.score:.3f}, the product of each value to the power of its weight"
    if option.refused_by:
        head = f"Score 0, and {option.potential:.3f} if nothing refused it"
    return f"{head}\n{indent(wrapped_table(SCORE_HEADERS, rows, width - len(GAP)))}"


def _factor(step: ScoreStep) -> str:
    return "refuses" if step.value == 0 else f"{step.value**step.weight:.3f}"
