"""`qorch top` over several fleets: which are asked for, which are found, and one look at all of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from orchestrator.app.ports import Watch
from orchestrator.cli import compose
from orchestrator.cli.compose.found import FleetPlace
from orchestrator.cli.compose.places import ClusterPlace
from orchestrator.cli.fleet_finder import FleetFinder, require_some
from orchestrator.cli.fleets_wish import Wish
from orchestrator.cli.top_feeds import Look, Source
from orchestrator.cli.top_web import web_arguments
from orchestrator.core.errors import EnvironmentNotReady, ExitCode, QorchError
from tests.cli.conftest import Qorch
from tests.cli.test_top import LOOK, SimulatedWatch
from tests.kube.server import ApiServer

LAB = ClusterPlace(Path("/lab.yaml"), "lab", "llm")
EU = ClusterPlace(Path("/lab.yaml"), "eu", "llm")


def service(name: str, namespace: str) -> dict[str, object]:
    metadata = {"name": f"qorch-{name}", "namespace": namespace, "labels": {"qorch.dev/fleet": name}}
    return {"apiVersion": "ray.io/v1", "kind": "RayService", "metadata": metadata, "spec": {}}


@pytest.fixture
def contexts(api_server: ApiServer, tmp_path: Path) -> str:
    """`lab` and `eu` are one server, seen from two namespaces; behind `gone` there is nobody."""
    for namespace, names in {"llm": ("chat", "code"), "prod": ("chat",)}.items():
        api_server.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        for name in names:
            api_server.put(service(name, namespace))
    made = {"lab": "llm", "eu": "prod", "gone": "llm"}
    files = [api_server.kubeconfig(tmp_path / name, namespace=where, context=name) for name, where in made.items()]
    read = [yaml.safe_load(file.read_text()) for file in files]
    read[2]["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:9"
    joined = {**read[0], **{key: [each[key][0] for each in read] for key in ("clusters", "users", "contexts")}}
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(joined))
    return str(tmp_path / "kubeconfig")


@pytest.fixture
def here(home: Path) -> Path:
    """Two fleets of this host, and what is no fleet."""
    for name in ("chat", "night"):
        (home / "state" / name).mkdir(parents=True)
        (home / "state" / name / "fleet.json").write_text("{}")
    (home / "state" / "rest").mkdir()
    (home / "state" / ".chat.lock").touch()
    return home


@pytest.fixture
def watch(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found can be looked at, and `broken` cannot."""

    def watch(fleet: str, place: ClusterPlace | None, every_s: float) -> Watch:
        if not (here / "state" / fleet).exists() and place is None:
            raise EnvironmentNotReady(f"there is no fleet {fleet!r} on this host", hint=f"qorch up --fleet {fleet}")
        return SimulatedWatch()

    monkeypatch.setattr(compose.fleets, "watch", watch)


def found(kubeconfig: str, *names: str, contexts: tuple[str, ...] = (), host: bool = False, **more: bool) -> list[str]:
    clusters = tuple(ClusterPlace(Path(kubeconfig), context, None) for context in contexts)
    fleets = FleetFinder(Wish(names, (*((None,) if host else ()), *clusters), **more)).find()
    return [f"{each.where}/{each.name}" for each in (*fleets.there, *fleets.absent, *fleets.troubles)]


@pytest.mark.usefixtures("here")
def test_fleets_of_a_host_and_of_clusters_are_found_side_by_side(contexts: str):
    assert found(contexts, host=True) == ["this host/chat", "this host/night"]
    assert found(contexts, contexts=("lab",)) == ["lab/llm/chat", "lab/llm/code"]
    assert found(contexts, contexts=("lab", "eu"), host=True) == [
        "this host/chat", "this host/night", "lab/llm/chat", "lab/llm/code", "eu/prod/chat",
    ]  # fmt: skip
    assert found(contexts, contexts=("eu",), all_namespaces=True) == ["eu/llm/chat", "eu/llm/code", "eu/prod/chat"]


@pytest.mark.usefixtures("here")
def test_a_name_is_looked_for_in_every_place_and_said_to_be_missing_once(contexts: str):
    assert found(contexts, "chat", "night", contexts=("lab",), host=True) == [
        "this host/chat", "this host/night", "lab/llm/chat",
    ]  # fmt: skip
    assert found(contexts, "chat", "other", contexts=("lab",), host=True)[-1] == "this host/other"


@pytest.mark.usefixtures("here")
def test_a_cluster_that_does_not_answer_has_a_row_of_its_own(contexts: str):
    assert found(contexts, contexts=("gone",), host=True) == ["this host/chat", "this host/night", "gone/*"]
    assert found(contexts, "chat", "code", contexts=("gone",), host=True) == ["this host/chat", "gone/code"]


def test_a_cluster_that_is_silent_later_has_the_fleets_that_it_had(contexts: str, monkeypatch: pytest.MonkeyPatch):
    finder = FleetFinder(Wish((), (ClusterPlace(Path(contexts), "lab", None),)))
    before = finder.find()

    def silent(place: ClusterPlace | None, all_namespaces: bool) -> tuple[FleetPlace, ...]:
        raise EnvironmentNotReady("no answer")

    monkeypatch.setattr(compose.found, "fleets_at", silent)
    assert finder.find() == before


def test_a_fleet_that_goes_is_missed_where_it_was(api_server: ApiServer, contexts: str):
    finder = FleetFinder(Wish(("code",), (None, ClusterPlace(Path(contexts), "lab", None))))
    (there,) = finder.find().there
    api_server.store.remove(next(key for key, item in api_server.store.everything() if key.name == "qorch-code"))
    assert finder.find().absent == (there,)


def test_without_any_fleet_it_says_so(home: Path, contexts: str):
    wish = Wish((), (None, ClusterPlace(Path(contexts), "lab", "empty")))
    with pytest.raises(EnvironmentNotReady, match="there is no fleet on this host or in lab/empty"):
        require_some(wish, FleetFinder(wish).find())
    unreachable = Wish(("chat",), (ClusterPlace(Path(contexts), "gone", "llm"),), all_namespaces=True)
    with pytest.raises(QorchError, match="gone"):
        require_some(unreachable, FleetFinder(unreachable).find())


# -- one look at all


@pytest.mark.usefixtures("watch")
def test_once_prints_a_row_for_each_fleet_and_what_they_are_together(qorch: Qorch, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "120")
    done = qorch("top", "--once", "--fleet", "chat", "--fleet", "other", *LOOK)
    head, _, serving, empty, titles, *rows = done.out.splitlines()
    assert done.code == ExitCode.OK
    assert head == "2 fleets  ? unknown 1  ● ready 1"
    assert serving.startswith("2/2 ready")
    assert (empty, titles.split()[:3]) == ("", ["FLEET", "WHERE", "STATE"])
    assert [row.split()[0] for row in rows] == ["other", "simulated"]
    assert max(map(len, done.out.splitlines())) <= 120


@pytest.mark.usefixtures("watch")
def test_once_as_json_is_an_object_for_each_fleet(qorch: Qorch):
    data = json.loads(qorch("top", "--once", "--fleet", "chat", "--fleet", "other", "-o", "json", *LOOK).out)
    names = qorch("top", "--once", "--all", "-o", "name", *LOOK).out.split()
    assert [(each["where"], each["state"]) for each in data] == [("this host", "ready"), ("this host", "unknown")]
    assert data[0]["summary"]["ready_replicas"] == 2
    assert data[1]["fleet"] == "other"
    assert data[1]["reason"] == "there is no fleet 'other' on this host; qorch up --fleet other"
    assert len(names) == 2


def test_without_a_fleet_all_of_them_are_an_error(qorch: Qorch):
    done = qorch("top", "--all", "--once")
    assert done.code == ExitCode.ENVIRONMENT_NOT_READY
    assert done.error == "there is no fleet on this host"
    assert done.hint == "qorch up; without a fleet: qorch top --demo"


# -- what is asked for


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--all", "--fleet", "a"), "--fleet and --all do not go together"),
        (("--fleet", "A_B"), "A_B"),
        (("-A",), "--all-namespaces is of a cluster, and none is named"),
        (("-n", "llm"), "--namespace llm is of a cluster, and none is named"),
        (("-A", "-n", "llm", "--kube-context", "lab"), "--namespace and --all-namespaces do not go together"),
        (("--all", "--demo"), "--demo is of one fleet, and several were asked for"),
        (("--fleet", "a", "--fleet", "b", "--record", "x"), "--record is of one fleet"),
        (("--all",), "a screen needs a terminal"),
    ],
)
@pytest.mark.usefixtures("here")
def test_what_does_not_go_together_is_told(qorch: Qorch, arguments: tuple[str, ...], told: str):
    done = qorch("top", *arguments)
    assert done.code == ExitCode.USAGE
    assert told in done.error


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish(("a",), (None,)), "--fleet a"),
        (Wish((), (None,)), "--all"),
        (Wish(("a", "b"), (LAB, EU)), "--fleet a --fleet b --kubeconfig /lab.yaml --namespace llm"
                                      " --kube-context lab --kube-context eu"),
        (Wish((), (None, ClusterPlace(None, "lab", None)), True),
         "--all --kube-context lab --this-host --all-namespaces"),
    ],
)  # fmt: skip
def test_each_browser_is_shown_the_same_fleets(wish: Wish, words: str):
    arguments = web_arguments(Source(wish, 1.0, None, False, None, 1), Look("qorch-dark", allow_changes=False))
    assert " ".join(arguments).startswith(f"{words} --refresh")


def test_one_fleet_in_one_place_is_watched_as_ever():
    assert Wish(("a",), (None,)).of_one
    assert not any(wish.of_one for wish in (Wish((), (None,)), Wish(("a",), (None, LAB)), Wish(("a",), (LAB,), True)))
