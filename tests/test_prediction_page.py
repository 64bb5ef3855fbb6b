"""docs/measurements/prediction.md against what bench.prediction computes now, with the constants that are shipped."""

from __future__ import annotations

import re

import pytest

from bench.prediction import PAGE, held_out, page
from bench.prediction_fit import NAMES, fit_engines
from bench.prediction_points import decode_points, silicon_points
from orchestrator.adapters.speed_files import load_speeds, shipped_speeds_dir

NUMBER = re.compile(r"-?\d+\.?\d*(?=%)|(?<=[| ])-?\d+\.\d+(?= \|)")
OWN = {"llama.cpp": {"ttft_s"}}  # assumed, not fitted


def test_the_page_is_current():
    """To a percentage point: another processor rounds otherwise."""
    decode = list(decode_points())
    now = page(list(held_out(silicon_points(), decode)), decode)
    kept = PAGE.read_text()
    assert NUMBER.sub("", kept) == NUMBER.sub("", now)
    kept_numbers, numbers = ([float(each) for each in NUMBER.findall(text)] for text in (kept, now))
    assert kept_numbers == pytest.approx(numbers, abs=1.0)


def test_the_goals_are_met_on_points_that_were_not_fitted():
    overall = next(line for line in PAGE.read_text().splitlines() if line.startswith("| **all**"))
    tpot_mean, tpot_median, _, ttft_median = (float(each) for each in re.findall(r"([\d.]+)%", overall))
    assert (tpot_mean < 15, tpot_median < 8, ttft_median < 25) == (True, True, True)


@pytest.mark.parametrize("engine", ["vllm", "llama.cpp"])
def test_the_shipped_constants_are_the_fitted_ones(engine):
    shipped = load_speeds(shipped_speeds_dir())[engine]
    fitted = fit_engines([*silicon_points(), *decode_points()])[engine]
    names = [name for name in NAMES if name not in OWN.get(engine, ())]
    assert [getattr(shipped, name) for name in names] == pytest.approx(
        [getattr(fitted, name) for name in names], rel=0.05
    )
