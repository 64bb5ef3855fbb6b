"""The log of a pod, followed over an API server whose answers end again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.adapters.kuberay import pod_log
from orchestrator.adapters.kuberay.pod_log import PodLog
from orchestrator.adapters.kubernetes_api import connect
from orchestrator.core.errors import EnvironmentNotReady
from tests.core.cluster.objects import pod_object
from tests.kube.fixtures import api_server, kubeconfig
from tests.kube.rights import allow
from tests.kube.server import ApiServer
from tests.kube.store import Key

__all__ = ["api_server", "kubeconfig"]

RETRY_S = 0.01
PLACE = ("default", "p", "logs")
Open = Callable[..., PodLog]


@pytest.fixture
def opened(api_server: ApiServer, kubeconfig: Path) -> Iterator[Open]:
    """Logs of the pod `p`, by default as its administrator reads them."""
    api_server.put(pod_object("p", "a"))
    logs: list[PodLog] = []

    def make(container: str = "logs", previous: bool = False, by: Path = kubeconfig) -> PodLog:
        logs.append(PodLog(connect(by, None), "default", "p", container, previous, RETRY_S))
        return logs[-1]

    yield make
    for each in logs:
        each.close()
        each._thread.join()


def text_of(log: PodLog, met: Callable[[str], object]) -> str:
    """What it tells until so much has come."""
    ends_s, text = time.monotonic() + 20, ""
    while not met(text):
        assert time.monotonic() < ends_s, text
        text += log.read().data.decode()
        time.sleep(0.005)
    return text


def asked(server: ApiServer) -> int:
    return server.counts()["get", "pods/log"]


def test_each_line_comes_once_and_without_its_stamp_however_often_the_connection_ends(
    api_server: ApiServer, opened: Open
) -> None:
    api_server.behind.logs[PLACE] = "one\ntwo\nthree\n"
    log = opened()
    text = text_of(log, lambda text: "three" in text and asked(api_server) > 3)
    api_server.behind.logs[PLACE] += "four\nfive\n"
    text += text_of(log, lambda text: "five" in text)
    before = asked(api_server)
    text += text_of(log, lambda _: asked(api_server) > before + 2)
    assert text == "one\ntwo\nthree\nfour\nfive\n"


def test_a_long_log_begins_with_its_last_lines(
    api_server: ApiServer, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pod_log, "FIRST_LINES", 2)
    api_server.behind.logs[PLACE] = "one\ntwo\nthree\n"
    assert text_of(opened(), lambda text: "three" in text) == "two\nthree\n"


def test_what_nobody_reads_is_dropped_from_its_begin_and_counted(
    api_server: ApiServer, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pod_log, "MOST_BYTES", 12)
    api_server.behind.logs[PLACE] = "one\ntwo\nthree\nfour\n"
    log = opened()
    while asked(api_server) < 2:
        time.sleep(0.005)
    piece = log.read()
    assert (piece.data, piece.skipped_bytes) == (b"three\nfour\n", 8)


def test_the_container_before_is_read_to_its_end_also_where_its_last_line_has_none(
    api_server: ApiServer, opened: Open
) -> None:
    api_server.behind.logs["default", "p", "engine (previous)"] = "out of\nmemory"
    log = opened("engine", previous=True)
    assert text_of(log, lambda text: "memory" in text) == "out of\nmemory\n"
    while not log.read().gone:
        time.sleep(0.005)
    assert asked(api_server) == 1


def test_a_container_that_has_printed_nothing_yet_is_told_and_tried_again(api_server: ApiServer, opened: Open) -> None:
    log = opened()
    with pytest.raises(EnvironmentNotReady, match='container "logs" in pod "p" is not available'):
        text_of(log, bool)
    api_server.behind.logs[PLACE] = "now\n"
    ends_s = time.monotonic() + 20
    while True:
        try:
            assert text_of(log, bool) == "now\n"
            break
        except EnvironmentNotReady:
            assert time.monotonic() < ends_s


def test_who_may_not_read_logs_is_told_what_is_needed(api_server: ApiServer, opened: Open, tmp_path: Path) -> None:
    allow(api_server, "eve", "default", [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}])
    log = opened(by=api_server.kubeconfig(tmp_path / "eve", user="eve"))
    with pytest.raises(
        EnvironmentNotReady, match=r"forbidden: needs get pods/log; hint: kubectl .* --namespace default"
    ):
        text_of(log, bool)


def test_the_log_of_a_pod_that_is_gone_ends(api_server: ApiServer, opened: Open) -> None:
    api_server.behind.logs[PLACE] = "last\n"
    log = opened()
    text_of(log, bool)
    api_server.store.remove(Key("", "pods", "default", "p"))
    del api_server.behind.logs[PLACE]
    with pytest.raises(EnvironmentNotReady):
        text_of(log, lambda _: False)
    assert log.read().gone
