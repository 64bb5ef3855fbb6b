"""The operator's door: probes, and metrics that the page has."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from orchestrator.adapters.operator_http import Vitals, door

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
WELL = Vitals(lives=True, ready=True, leads=True, fleets={"Ready": 2}, reconciles={"well": 3}, waiting=1)


def answer(path: str, vitals: Vitals) -> tuple[int, str]:
    with door("127.0.0.1", 0, lambda: vitals) as port:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as found:
                return found.status, found.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, ""


@pytest.mark.parametrize(
    ("path", "lives", "ready", "expected"),
    [
        ("/healthz", True, False, 200),
        ("/healthz", False, False, 503),
        ("/readyz", True, False, 503),
        ("/", True, True, 404),
    ],
)
def test_probes_tell_living_from_ready(path: str, lives: bool, ready: bool, expected: int):
    assert answer(path, Vitals(lives, ready, True, {}, {}, 0))[0] == expected


def test_the_page_of_metrics_has_each_with_its_kind_and_what_it_tells():
    text = answer("/metrics", WELL)[1]
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE))
    told = {(name, kinds[name], help_) for name, help_ in re.findall(r"^# HELP (\w+) (.+)$", text, re.MULTILINE)}
    page = PAGE.read_text().partition("## The operator")[2]
    assert set(re.findall(r"^\| `(\w+)` \| (\w+) \|[^|]*\| ([^|]+) \|$", page, re.MULTILINE)) == told
    assert 'qorch_operator_fleets{phase="Ready"} 2.0' in text
