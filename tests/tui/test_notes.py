"""Every screen says of which moment it is, where that is not now; and the pages that a key or a command opens."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from textual.pilot import Pilot

from orchestrator.adapters.demo_fleet import RECORDING
from orchestrator.adapters.recording import Recording
from tests.core.live.made import answered
from tests.tui.driving import dashboard
from tests.tui.fleets import FLEET, many
from tests.tui.test_replay import NEVER_S, Clock, driven, text, until
from tui.replay_app import ReplayApp
from tui.replay_feed import ReplayFeed

KEYS = ("d", "v", "h", "r", "enter")


@pytest.mark.anyio
@pytest.mark.parametrize("key", KEYS)
async def test_a_page_that_is_frozen_says_so_and_of_when_it_is_until_it_goes_on(key: str) -> None:
    async with dashboard() as top:
        await top.press("home", key, "space")
        title = top.text().splitlines()[0]
        assert "frozen at 08:53:20" in title
        await top.press("space")
        assert "frozen" not in top.text()
        await top.press("space", "escape")
        assert "frozen at 08:53:20" in top.text().splitlines()[0]


@pytest.mark.parametrize("key", KEYS)
def test_a_page_of_a_recording_says_so_and_of_when_it_is(key: str) -> None:
    app = ReplayApp(ReplayFeed(Recording(RECORDING), clock=Clock()), NEVER_S)

    async def story(pilot: Pilot[None]) -> None:
        await pilot.press(key, "right_square_bracket")
        await until(pilot, lambda: "simulated, no fleet: 10:00:10 (2%) 1x" in text(app).splitlines()[0])
        await pilot.press("space")
        await until(pilot, lambda: "1x paused" in text(app).splitlines()[0])

    driven(app, story)


@pytest.mark.anyio
async def test_yaml_stands_still_and_says_of_when_it_is() -> None:
    async with dashboard() as top:
        await top.press("home", "y")
        assert top.text().splitlines()[0] == "replica cccc3333 at 08:53:20"
        await top.type(":snapshot")
        assert top.text().splitlines()[0] == "snapshot at 08:53:20"


@pytest.mark.anyio
@pytest.mark.parametrize("how", ["r", ":requests"])
async def test_requests_that_ended_are_a_page_that_follows_the_fleet(how: str) -> None:
    async with dashboard() as top:
        await (top.press(how) if len(how) == 1 else top.type(how))
        assert top.line("the last 5: 2 answered, 1 failed, 1 refused, 1 left by their clients")
        await top.look(replace(many(3), requests=(answered("r00001", request_id="new-1"),), failed_requests=()))
        assert top.line("the last 1: 1 answered")
        assert top.line("r00001")


@pytest.mark.anyio
async def test_requests_that_went_wrong_can_be_looked_at_alone() -> None:
    async with dashboard() as top:
        await top.press("r", "f")
        await top.shows("the last 3: 1 failed, 1 refused, 1 left by their clients")
        assert "but for those that were answered" in top.text().splitlines()[0]
        await top.press("f")
        await top.shows("the last 5: 2 answered")


@pytest.mark.anyio
async def test_the_requests_that_are_shown_can_be_written_to_a_file(tmp_path: Path) -> None:
    async with dashboard() as top:
        await top.press("r", "f")
        await top.shows("the last 3")
        for suffix in ("csv", "json", "txt"):
            await top.press("e")
            await top.type(str(tmp_path / f"requests.{suffix}"))
    lines = list(csv.DictReader(StringIO((tmp_path / "requests.csv").read_text())))
    assert [line["outcome"] for line in lines] == ["engine_died", "saturated", "client left"]
    assert [each["status"] for each in json.loads((tmp_path / "requests.json").read_text())] == [502, 429, 0]
    assert "engine_died" in (tmp_path / "requests.txt").read_text()


@pytest.mark.anyio
async def test_the_page_of_a_replica_has_its_start_and_its_own_requests() -> None:
    async with dashboard(size=(120, 50)) as top:
        await top.press("home", "down", "down", "enter")
        assert top.line("replica aaaa1111")
        assert "planned about 36.0s" in top.line("ready after 40.3s")
        assert "12.4s" in top.line("weights")
        assert top.line("deadbeef0002")
        assert not top.line("c0ffee00aa11")


@pytest.mark.anyio
async def test_the_head_takes_as_many_lines_as_it_needs_and_the_table_the_rest() -> None:
    async with dashboard(size=(80, 24)) as top:
        assert top.text().splitlines()[4] == "GPUs ✖ 30s old: NVML has not answered for 5 s"
        assert top.text().splitlines()[6].startswith("REPLICA")
        await top.look(replace(FLEET, sources=()))
        assert top.text().splitlines()[5].startswith("REPLICA")
