"""A recording on the screen: the same as it was live, and wound by keys."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from orchestrator.adapters.demo_fleet import RECORDING
from orchestrator.adapters.recorder import MEMBER_FRAMES, Recorder
from orchestrator.adapters.recording import Recording
from orchestrator.core.errors import UsageError
from orchestrator.core.live.event import Event, Severity
from orchestrator.core.live.playback import Playback
from orchestrator.core.live.recording import Header
from orchestrator.core.live.snapshot import ReplicaRow, Snapshot, Summary
from tui.app import TopApp
from tui.record_feed import RecordFeed
from tui.replay_app import ReplayApp
from tui.replay_feed import ReplayFeed

BEGIN_S = 1_700_000_000.0
FRAMES = 5 * MEMBER_FRAMES
NEVER_S = 1e6


def snapshot(number: int) -> Snapshot:
    event = Event(BEGIN_S + number, Severity.INFO, "r0", f"frame {number}")
    rows = (ReplicaRow("r0", "v", "RUNNING", f"reason {number}", True, generation_tok_s=float(number)),)
    summary = Summary(generation_tok_s=float(number), ready_replicas=1, target_num_replicas=1)
    return Snapshot(BEGIN_S + number, "fleet", "Ready", summary=summary, replicas=rows, events=(event,))


class Course:
    """Satisfies `tui.feed.Feed`: one snapshot after the other."""

    name, live, note = "fleet", False, ""

    def __init__(self) -> None:
        self._number = -1
        self.closed = False

    def look(self) -> Snapshot:
        self._number += 1
        return snapshot(self._number)

    def log(self, replica_id: str, previous: bool = False) -> None:
        return None

    def logged(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        self.closed = True


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    recorder = Recorder(tmp_path / "fleet.rec", Header("fleet", "0.1.0"), 1 << 20)
    for number in range(FRAMES):
        recorder.add(snapshot(number))
    recorder.close()
    return recorder.path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def feed(recording: Path, clock: Clock) -> ReplayFeed:
    return ReplayFeed(Recording(recording), clock=clock)


def seen(feed: ReplayFeed) -> int:
    return int(feed.look().at_s - BEGIN_S)


def driven(app: TopApp, story: Callable[[Pilot[None]], Awaitable[None]]) -> None:
    async def told() -> None:
        async with app.run_test(size=(120, 30)) as pilot:
            await until(pilot, lambda: "tok/s" in text(app))
            await story(pilot)

    asyncio.run(told())


async def until(pilot: Pilot[None], so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not so():
            await pilot.pause(0.01)


def shows(app: TopApp, number: int) -> bool:
    return re.search(rf"reason {number}\b", text(app)) is not None


def text(app: TopApp) -> str:
    return "".join(f"{strip.text.rstrip()}\n" for strip in app.screen._compositor.render_strips())


# -- the feed


def test_what_is_seen_follows_the_clock(feed: ReplayFeed, clock: Clock):
    assert seen(feed) == 0
    clock.now_s = 7.5
    assert seen(feed) == 7
    feed.change(lambda playback: playback.faster(4.0))
    clock.now_s += 10
    assert seen(feed) == 47
    assert "(16%) 4x" in feed.note


def test_a_look_back_and_one_far_ahead_are_what_was_recorded_then(feed: ReplayFeed):
    for number in (299, 0, 200, 199, 60, 59, 61, 240):
        feed.change(lambda playback, number=number: playback.paused_at(BEGIN_S + number))  # type: ignore[misc]
        assert feed.look() == snapshot(number)


def test_steps_go_frame_by_frame_and_pause(feed: ReplayFeed, clock: Clock):
    feed.change(lambda playback: playback.at(BEGIN_S + 100))
    assert seen(feed) == 100
    feed.step(1)
    assert seen(feed) == 101
    for _ in range(3):
        feed.step(-1)
        seen(feed)
    clock.now_s += 50
    assert seen(feed) == 98
    assert feed.note.endswith("paused")


def test_steps_beyond_an_end_stay_there(feed: ReplayFeed):
    feed.step(-1)
    assert seen(feed) == 0
    feed.change(lambda playback: playback.at(playback.end_s))
    seen(feed)
    feed.step(1)
    assert seen(feed) == FRAMES - 1


def test_the_course_before_a_moment_is_the_same_however_one_came_there(recording: Path):
    def course(*numbers: int) -> list[float]:
        feed = ReplayFeed(Recording(recording), clock=Clock())
        for number in numbers:
            feed.change(lambda playback, number=number: playback.paused_at(BEGIN_S + number))  # type: ignore[misc]
            feed.look()
        return [each.at_s for each in feed.course][-MEMBER_FRAMES:]

    played, jumped, back = course(*range(0, 251, 30), 250), course(250), course(299, 250)
    assert played == jumped == back == [BEGIN_S + number for number in range(251 - MEMBER_FRAMES, 251)]


def test_a_clock_that_was_put_back_hides_no_frame(tmp_path: Path):
    recorder = Recorder(tmp_path / "fleet.rec", Header("fleet", "0.1.0"), 1 << 20)
    hours = [*range(3600, 3700), *range(150), *range(7200, 7210)]
    for number in hours:
        recorder.add(snapshot(number))
    recorder.close()
    feed = ReplayFeed(Recording(recorder.path), clock=Clock())
    feed.change(lambda playback: playback.paused_at(playback.begin_s))
    forth = [seen(feed)]
    for _ in hours[1:]:
        feed.step(1)
        forth.append(seen(feed))
    assert forth == hours
    assert "(100%)" in feed.note
    for expected in reversed(hours[150:-1]):
        feed.step(-1)
        assert seen(feed) == expected
    feed.change(lambda playback: playback.at(playback.begin_s))
    assert seen(feed) == 3600


def test_a_recording_that_loops_begins_anew(recording: Path, clock: Clock):
    feed = ReplayFeed(Recording(recording), loops=True, clock=clock)
    feed.change(lambda playback: playback.at(playback.end_s))
    assert seen(feed) == FRAMES - 1
    clock.now_s += 2
    assert seen(feed) == 0


def test_at_damage_it_pauses_before_it(tmp_path: Path, recording: Path, clock: Clock):
    data = bytearray(recording.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 60] = bytes(60)
    recording.write_bytes(data)
    feed = ReplayFeed(Recording(recording), clock=clock)
    clock.now_s = 30.0
    assert seen(feed) == 30
    feed.change(lambda playback: playback.at(BEGIN_S + 160))
    with pytest.raises(UsageError, match=r"fleet.rec, frame \d+: "):
        feed.look()
    last = seen(feed)
    assert 60 < last < 200
    assert feed.note.endswith("paused")
    feed.change(lambda playback: playback.at(BEGIN_S + 10))
    assert seen(feed) == 10


# -- the screen


def test_a_replayed_screen_is_the_one_that_was_live(tmp_path: Path):
    path, texts = tmp_path / "live.rec", []
    live = TopApp(RecordFeed(Course(), Recorder(path, Header("fleet", "0.1.0"), 1 << 20)), NEVER_S)

    async def watch(pilot: Pilot[None]) -> None:
        for number in range(1, 40):
            live._tick()
            await until(pilot, lambda number=number: shows(live, number))  # type: ignore[misc]
        texts.append(text(live))

    driven(live, watch)
    replayed = ReplayApp(ReplayFeed(Recording(path), clock=Clock()), NEVER_S)

    async def replay(pilot: Pilot[None]) -> None:
        await pilot.press("end")
        await until(pilot, lambda: shows(replayed, 39))
        replayed._fleet.tell("")
        await pilot.pause()
        texts.append(text(replayed))

    driven(replayed, replay)
    (was, first), (now, _) = (_without_note(each) for each in texts)
    assert "recording" in first
    assert now == was


def _without_note(screen: str) -> tuple[list[str], str]:
    """The head's first line has it, and the last has the keys; nothing else may differ."""
    first, *rest, _ = screen.splitlines()
    return rest, first


@pytest.mark.parametrize(
    ("keys", "number", "note"),
    [
        (["right_square_bracket"], 10, "1x"),
        (["right_curly_bracket", "left_square_bracket"], 50, "1x"),
        (["end", "left_curly_bracket"], 239, "1x"),
        (["end", "home"], 0, "(0%)"),
        (["full_stop", "full_stop", "comma"], 1, "paused"),
        (["plus", "plus", "minus"], 0, "2x"),
        (["space"], 0, "paused"),
    ],
)
def test_keys_wind_it(feed: ReplayFeed, keys: list[str], number: int, note: str):
    app = ReplayApp(feed, NEVER_S)

    async def press(pilot: Pilot[None]) -> None:
        for key in keys:
            before = feed.note
            await pilot.press(key)
            await until(pilot, lambda before=before: feed.note != before and not app._shown.looking)  # type: ignore[misc]
        await until(pilot, lambda: shows(app, number) and note in text(app))

    driven(app, press)


def test_home_and_end_are_the_prompts_while_something_is_typed(feed: ReplayFeed):
    app = ReplayApp(feed, NEVER_S)

    async def type_(pilot: Pilot[None]) -> None:
        await pilot.press("slash", "r", "home", "v", "enter")
        await until(pilot, lambda: app._fleet.table.filter_text == "vr")
        assert "(0%)" in feed.note

    driven(app, type_)


def test_the_simulated_fleet_says_so(clock: Clock):
    app = ReplayApp(ReplayFeed(Recording(RECORDING), loops=True, clock=clock), NEVER_S)

    async def look(pilot: Pilot[None]) -> None:
        assert text(app).startswith("simulated  ")
        assert "simulated, no fleet: " in text(app)

    driven(app, look)


# -- recording


def test_a_disk_that_is_full_ends_the_recording_and_not_the_looking(tmp_path: Path):
    recorder = Recorder(tmp_path / "fleet.rec", Header("fleet", "0.1.0"), 1 << 20)
    feed = RecordFeed(Course(), recorder)
    feed.look()
    with open("/dev/full", "r+b", buffering=0) as full:
        os.dup2(full.fileno(), recorder._file.fileno())
    assert feed.look() == snapshot(1)
    assert feed.note == "not recorded: No space left on device"
    assert feed.look() == snapshot(2)
    feed.close()
    assert [each.whole() for each in Recording(tmp_path / "fleet.rec").frames(0)] == [snapshot(0)]


def test_closing_closes_both_and_nothing_is_recorded_after(tmp_path: Path):
    course, path = Course(), tmp_path / "fleet.rec"
    feed = RecordFeed(course, Recorder(path, Header("fleet", "0.1.0"), 1 << 20))
    feed.look()
    feed.close()
    feed.look()
    assert course.closed
    assert [each.whole() for each in Recording(path).frames(0)] == [snapshot(0)]


def test_the_note_of_a_recording_has_its_size(tmp_path: Path):
    feed = RecordFeed(Course(), Recorder(tmp_path / "fleet.rec", Header("fleet", "0.1.0"), 1 << 20))
    feed.look()
    assert feed.note == f"recording {(tmp_path / 'fleet.rec').stat().st_size / 1024:.1f} KiB"
    feed.close()


def test_a_playback_is_told_in_a_line(clock: Clock, feed: ReplayFeed):
    feed.change(lambda playback: replace(playback, at_s=BEGIN_S + 299, speed=0.5))
    assert feed.note.endswith("(100%) 0.5x at its end")
    assert Playback(0.0, 1.0, 1.0, loops=True).share == 1.0
