"""A log that is read as it grows, and the screen that shows it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.adapters.kuberay.pod_log import PodLog
from orchestrator.adapters.kubernetes_api import connect
from orchestrator.adapters.log_file import MOST_BYTES, LogFile
from orchestrator.views.live.log_text import LONGEST, found, log_line
from tests.core.cluster.objects import pod_object
from tests.kube.fixtures import api_server
from tests.kube.rights import allow
from tests.kube.server import ApiServer
from tests.tui.driving import Driven, dashboard
from tests.tui.fleets import FLEET
from tui.log_tail import LogTail
from tui.screens.logs import LogsScreen
from tui.trends import ENDED, ended_replicas
from tui.widgets.log_view import KEPT, LogView

__all__ = ["api_server"]


@given(st.binary(max_size=300))
def test_no_line_of_a_log_can_steer_a_terminal(written: bytes) -> None:
    assert log_line(written).isprintable()


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (b"plain\n", "plain"),
        (b"\x1b[31mred\x1b[0m\r\n", "red"),
        (b"\x1b]0;title\x07after", "after"),
        (b"\x1b]52;c;aGFja2Vk\x1b\\after", "after"),
        (b" 10%\r 20%\r 30%\r\n", " 30%"),
        (b"a\tb", "a       b"),
        (b"bell\x07 and \xff", "bell\\x07 and \N{REPLACEMENT CHARACTER}"),
        (b"x" * 10 * LONGEST, "x" * LONGEST + "…"),
    ],
)
def test_a_line_is_shown_without_what_steers(written: bytes, shown: str) -> None:
    assert log_line(written) == shown


@given(st.text(alphabet="abAB ", max_size=30), st.text(alphabet="abAB", max_size=3))
def test_what_is_found_is_there_and_capitals_count_where_it_has_some(line: str, wanted: str) -> None:
    for at in found(line, wanted):
        there = line[at : at + len(wanted)]
        assert there == wanted if wanted != wanted.lower() else there.lower() == wanted
    assert wanted or not list(found(line, wanted))


def test_a_log_is_read_as_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "engine.log"
    path.write_text("one\ntw")
    tail = LogTail(LogFile(path))
    assert tail.read().lines == ("one",)
    with path.open("a") as log:
        log.write("o\nthree")
    assert tail.read().lines == ("two",)
    assert tail.read().lines == ("three",), "a line without an end is shown when nothing more comes"


def test_a_log_that_was_cut_or_replaced_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "engine.log"
    path.write_text("one\ntwo\n")
    tail = LogTail(LogFile(path))
    tail.read()
    path.write_text("cut\n")
    cut = tail.read()
    assert (cut.lines, cut.anew) == (("cut",), True)
    (tmp_path / "next").write_text("replaced\nby more\n")
    os.replace(tmp_path / "next", path)
    replaced = tail.read()
    assert (replaced.lines, replaced.anew) == (("replaced", "by more"), True)


def test_a_log_that_was_removed_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "engine.log"
    path.write_text("one\n")
    tail = LogTail(LogFile(path))
    tail.read()
    with path.open("a") as log:
        log.write("last\n")
    path.unlink()
    gone = tail.read()
    assert (gone.lines, gone.gone) == (("last",), True)
    path.write_text("born again\n")
    assert tail.read().lines == ("born again",)


def test_of_a_huge_log_only_the_end_is_read(tmp_path: Path) -> None:
    path = tmp_path / "engine.log"
    line = "x" * 99 + "\n"
    path.write_text(line * 50_000)
    grown = LogTail(LogFile(path)).read()
    assert grown.skipped_bytes + sum(len(each) + 1 for each in grown.lines) == 50_000 * len(line)
    assert sum(len(each) + 1 for each in grown.lines) <= MOST_BYTES
    assert set(grown.lines) == {line.rstrip()}


async def _opened(top: Driven) -> LogView:
    await top.press("home", "l")
    await top.until(lambda: isinstance(top.app.screen, LogsScreen) and len(top.app.screen.log_view.lines) > 0)
    assert isinstance(top.app.screen, LogsScreen)
    return top.app.screen.log_view


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "engine-cccc3333.log"
    path.write_text("".join(f"line {index}\n" for index in range(100)))
    return path


pytestmark = pytest.mark.anyio


async def test_a_log_follows_until_somebody_looks_back_and_again_from_its_end(log: Path) -> None:
    async with dashboard(logs={"cccc3333": log}) as top:
        view = await _opened(top)
        await top.shows("line 99")
        await top.press("g")
        assert not top.line("line 99")
        with log.open("a") as more:
            more.write("new line\n")
        await top.until(lambda: view.lines[-1] == "new line")
        assert top.line("line 0")
        await top.press("G")
        await top.shows("new line")
        with log.open("a") as more:
            more.write("newer line\n")
        await top.shows("newer line")


async def test_what_is_looked_at_stays_while_old_lines_are_forgotten(log: Path) -> None:
    async with dashboard(logs={"cccc3333": log}) as top:
        view = await _opened(top)
        view.add(f"more {index}" for index in range(KEPT))
        await top.press("g", "pagedown", "pagedown")
        seen = top.text().splitlines()[1].split()[:2]
        view.add(f"yet more {index}" for index in range(10))
        await top.press("left")
        assert top.text().splitlines()[1].split()[:2] == seen
        assert len(view.lines) == KEPT


async def test_a_text_is_found_upwards_and_round(log: Path) -> None:
    async with dashboard(logs={"cccc3333": log}) as top:
        view = await _opened(top)
        await top.type("/LINE 7")
        assert "0 lines" in top.text()
        await top.type("/line 7")
        assert view.at == 79
        assert "'line 7': 11 of 11" in top.text()
        await top.press("n")
        assert view.at == 7
        await top.press("N")
        assert view.at == 79
        assert top.line("line 79")


async def test_long_lines_wrap_or_are_looked_at_sideways(log: Path) -> None:
    log.write_text("begin " + "x" * 200 + " end\n" + "長" * 100 + "終\n")
    async with dashboard(logs={"cccc3333": log}, size=(80, 24)) as top:
        await _opened(top)
        await top.shows("begin")
        assert not top.line(" end")
        await top.press(*["right"] * 10)
        assert top.line(" end")
        await top.press("w")
        assert top.line("begin")
        assert top.line(" end")
        assert top.line("終")


async def test_a_paused_log_is_read_no_further(log: Path) -> None:
    async with dashboard(logs={"cccc3333": log}) as top:
        view = await _opened(top)
        await top.press("space")
        assert "paused" in top.text()
        with log.open("a") as more:
            more.write("meanwhile\n")
        assert view.lines[-1] == "line 99"
        await top.press("space")
        await top.shows("meanwhile")


async def test_the_log_of_the_last_replica_that_ended_is_that_of_the_same_variant(log: Path) -> None:
    async with dashboard(logs={"cccc3333": log}) as top:
        await top.press("p")
        assert top.line("no replica has ended")
        left = tuple(each for each in FLEET.replicas if each.replica_id != "cccc3333")
        await top.look(FLEET.__class__(FLEET.at_s, "prod", "Ready", replicas=left))
        await top.press("home", "p")
        await top.shows("log of cccc3333 (ended, 1 of 1)")
        await top.shows("line 99")


async def test_what_ran_in_its_place_before_comes_first_where_that_is_kept(log: Path) -> None:
    async with dashboard(logs={"cccc3333 (previous)": log}) as top:
        await top.press("home", "p")
        await top.shows("log of cccc3333 (before it was started anew)")
        await top.shows("line 99")


async def test_a_log_in_a_cluster_is_followed_searched_and_told_of(api_server: ApiServer, tmp_path: Path) -> None:
    api_server.put(pod_object("p", "a"))
    allow(api_server, "eve", "default", [])
    eve = connect(api_server.kubeconfig(tmp_path / "eve", user="eve", namespace="default", context="lab"), None)
    api_server.behind.logs["default", "p", "logs"] = "loading\n"
    async with dashboard() as top:
        log = PodLog(eve, "default", "p", "logs", previous=False, retry_s=0.01)
        top.app._open(LogsScreen(FLEET.replicas[0], "p", log))
        await top.shows("forbidden: needs get pods/log; hint: kubectl --context lab auth can-i get pods/log")
        allow(api_server, "eve", "default", [{"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}])
        await top.shows("following  1 lines")
        assert not top.line("forbidden")
        api_server.behind.logs["default", "p", "logs"] += "answers\n"
        await top.shows("answers")
        await top.type("/load")
        await top.shows("'load': 1 of 1")


async def test_logs_of_replicas_that_ended_before_the_dashboard_was_opened_are_gone_through_one_by_one(
    tmp_path: Path,
) -> None:
    logs = {name: tmp_path / name for name in ("newer", "aaaa1111", "older")}
    for name, path in logs.items():
        path.write_text(f"words of {name}\n")
    async with dashboard(logs=logs) as top:
        for shown in ("newer (ended, 1 of 2)", "older (ended, 2 of 2)", "newer (ended, 1 of 2)"):
            await top.press("p")
            await top.shows(f"log of {shown}")
            await top.shows(f"words of {shown.split()[0]}")
        await top.press("escape")
        assert top.line("STATE▲"), "they lie in each other's place, not one upon the other"


def test_of_very_many_logs_only_the_latest_are_gone_through() -> None:
    logged = tuple(f"r{number}" for number in range(100))
    assert ended_replicas(None, logged, None) == logged[:ENDED]
    assert ended_replicas("r50", logged, None)[:2] == ("r50", "r0")


async def test_a_log_that_cannot_be_read_here_is_told(tmp_path: Path) -> None:
    async with dashboard() as top:
        await top.press("home", "l")
        assert top.line("the log of cccc3333 cannot be read here")
    async with dashboard(logs={"cccc3333": tmp_path}) as top:
        await top.press("home", "l")
        await top.shows("Is a directory")
