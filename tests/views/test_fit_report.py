"""A fit report as people share it."""

from __future__ import annotations

import json

from orchestrator.core.amounts import GIB
from orchestrator.core.fit_report import Comparison, FitReport
from orchestrator.views.fit_report import report_data, report_page, report_text

REPORT = FitReport(
    profile="qwen3.5-9b-q8_0",
    engine="llama.cpp",
    device="AMD EPYC",
    max_model_len=32_768,
    max_num_seqs=4,
    measured_on="2026-11-26",
    versions={"qorch": "0.1.0"},
    comparisons=(
        Comparison("memory of a replica", "B", 12 * GIB, 9 * GIB, at_most=True),
        Comparison("one stream", "tok/s", 40.0, 30.0),
    ),
)
GOLDEN = """\
qwen3.5-9b-q8_0 on llama.cpp, AMD EPYC
32,768 tokens of context, 4 sequences; 2026-11-26; qorch 0.1.0

FIGURE               PLANNED           MEASURED    MEASURED / PLANNED
memory of a replica  at most 12.0 GiB  9.0 GiB     0.75
one stream           40.0 tok/s        30.0 tok/s  0.75"""


def test_the_text_holds_the_plan_beside_the_engine() -> None:
    assert report_text(REPORT) == GOLDEN


def test_the_page_is_a_table_and_the_data_go_through_json() -> None:
    assert "| one stream | 40.0 tok/s | 30.0 tok/s | 0.75 |" in report_page(REPORT).splitlines()
    assert json.loads(json.dumps(report_data(REPORT)))["comparisons"][1]["ratio"] == 0.75
