"""One list and one watch keep what is known of a kind as it is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters import informer as informer_module
from orchestrator.adapters.informer import Informer, Kind
from orchestrator.adapters.kubernetes_api import Forbidden, KubernetesApi, Resource, connect
from tests.kube.faults import Fault
from tests.kube.fixtures import api_server, kubeconfig
from tests.kube.server import ApiServer

__all__ = ["api_server", "kubeconfig"]
MAPS = Resource("configmaps")


@pytest.fixture
def api(kubeconfig: Path) -> KubernetesApi:
    return connect(kubeconfig, None)


class Eyes:
    """Waits for what an informer tells."""

    def __init__(self, api: KubernetesApi) -> None:
        self.news = threading.Condition()
        self.told: list[tuple[str, Any, Any]] = []
        self.informer = Informer(api, Kind(MAPS, lambda item: item.get("data")), self._changed)

    def _changed(self, name: tuple[str, str], was: Any, found: Any) -> None:
        with self.news:
            self.told.append((name[1], was, found))
            self.news.notify_all()

    def until(self, *told: tuple[str, Any, Any]) -> None:
        with self.news:
            assert self.news.wait_for(lambda: self.told == list(told), 20), self.told


@pytest.fixture
def eyes(api: KubernetesApi, monkeypatch: pytest.MonkeyPatch) -> Iterator[Eyes]:
    monkeypatch.setattr(informer_module, "FIRST_WAIT_S", 0.05)
    found = Eyes(api)
    yield found
    found.informer.stop()


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def test_it_tells_what_there_is_and_then_each_change_of_what_is_kept(api: KubernetesApi, eyes: Eyes):
    api.apply(config_map("a", x="1"))
    eyes.informer.start()
    eyes.until(("a", None, {"x": "1"}))
    api.apply({**config_map("a", x="1"), "metadata": {"name": "a", "labels": {"of": "nothing"}}})
    api.apply(config_map("a", x="2"))
    api.delete(MAPS, "default", "a")
    eyes.until(("a", None, {"x": "1"}), ("a", {"x": "1"}, {"x": "2"}), ("a", {"x": "2"}, None))
    assert eyes.informer.items() == {}


def test_a_write_is_known_before_the_watch_tells_and_told_once(api: KubernetesApi, eyes: Eyes):
    eyes.informer.start()
    assert eyes.informer.looked.wait(20)
    eyes.informer.learn(api.apply(config_map("a", x="1")))
    assert eyes.informer.get(("default", "a")) == {"x": "1"}
    eyes.informer.learn(api.apply(config_map("b")))
    api.apply(config_map("c"))
    eyes.until(("a", None, {"x": "1"}), ("b", None, {}), ("c", None, {}))


def test_an_older_version_that_comes_late_is_dropped(api: KubernetesApi, eyes: Eyes):
    old, new = (api.apply(config_map("a", x=value)) for value in ("1", "2"))
    eyes.informer.learn(new)
    eyes.informer.learn(old)
    eyes.until(("a", None, {"x": "2"}))


def test_what_went_while_the_watch_was_broken_is_gone(api_server: ApiServer, api: KubernetesApi, eyes: Eyes):
    for name in ("a", "b"):
        api.apply(config_map(name))
    api_server.faults.order(Fault("watch", "configmaps", code=500, times=5))
    eyes.informer.start()
    assert eyes.informer.looked.wait(20)
    api.delete(MAPS, "default", "a")
    api_server.store.compact()
    eyes.until(("a", None, {}), ("b", None, {}), ("a", {}, None))
    assert api_server.counts()["list", "configmaps"] >= 2


def test_a_refusal_is_kept_until_it_is_over(api_server: ApiServer, eyes: Eyes):
    api_server.faults.order(Fault("list", "configmaps", code=403, message="no"))
    eyes.informer.start()
    assert eyes.informer.looked.wait(20)
    assert isinstance(eyes.informer.trouble, Forbidden) or eyes.informer.trouble is None
    for _ in range(400):
        if eyes.informer.trouble is None:
            return
        threading.Event().wait(0.05)
    raise AssertionError(eyes.informer.trouble)


def test_a_watch_that_breaks_goes_on_where_it_was(api_server: ApiServer, api: KubernetesApi, eyes: Eyes):
    api_server.faults.order(Fault("watch", "configmaps", drop_after_events=1))
    eyes.informer.start()
    assert eyes.informer.looked.wait(20)
    for name in ("a", "b", "c"):
        api.apply(config_map(name))
    eyes.until(*((name, None, {}) for name in ("a", "b", "c")))
    assert api_server.counts()["list", "configmaps"] == 1
