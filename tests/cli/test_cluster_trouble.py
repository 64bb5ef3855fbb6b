"""What stands against a fleet in a cluster, before it is applied and after."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.cluster_lab import NAMESPACE, SERVICE, UP, Lab, secret
from tests.cli.conftest import Qorch
from tests.core.cluster.objects import quota_object
from tests.kube.behind import UNREACHED
from tests.kube.kinds import Object
from tests.kube.rights import allow
from tests.kube.server import Fault
from tests.kube.store import Key

SECRET = Key("", "secrets", NAMESPACE, "qorch-default")


def test_a_cluster_that_does_not_answer(qorch: Qorch, bare: Lab, tmp_path: Path) -> None:
    gone = Path(bare.kubeconfig).read_text().replace(bare.server.url, "https://127.0.0.1:9")
    (tmp_path / "gone").write_text(gone)
    for verb in (("up", *UP), ("down",), ("status",), ("scale", "2"), ("logs",)):
        done = qorch(*verb, "--kubeconfig", str(tmp_path / "gone"))
        assert (done.code, done.hint) == (4, "kubectl --context lab cluster-info")
        assert "https://127.0.0.1:9 does not answer" in done.error


def test_everything_that_is_missing_is_told_at_once_and_nothing_is_written(there: Qorch, bare: Lab) -> None:
    bare.server.store.remove(SECRET)
    for name in [key.name for key, _ in list(bare.server.store.everything()) if key.plural.startswith("customres")]:
        bare.ray.cluster.ok("DELETE", f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}")
    version = bare.server.store.version
    done = there("up", *UP, "--monitoring")
    assert done.code == 4
    assert done.error == "3 things stand against it:"
    for said in (
        "  - the Secret qorch-default is needed, and is not there",
        "  - KubeRay 1.7 is needed, and the cluster has no RayService",
        "  - --monitoring needs the Prometheus operator, whose kinds the cluster has not",
    ):
        assert said in done.err.splitlines()
    assert done.hint.startswith("kubectl create secret generic qorch-default -n llm --from-file=keys.json=")
    assert bare.server.store.version == version


def test_a_cluster_without_kuberay_is_told_how_to_get_it(there: Qorch, bare: Lab) -> None:
    name = "rayservices.ray.io"
    bare.ray.cluster.ok("DELETE", f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}")
    done = there("up", *UP)
    assert (done.code, done.error) == (4, "KubeRay 1.7 is needed, and the cluster has no RayService")
    assert done.hint == "helm install kuberay-operator kuberay/kuberay-operator --version 1.7.0"


def test_a_namespace_that_is_not_there(there: Qorch, bare: Lab) -> None:
    done = there("up", *UP, "-n", "other")
    assert (done.code, done.error) == (4, "there is no namespace 'other' in 'lab'")
    assert done.hint == "kubectl --context lab create namespace other"
    done = there("status", "--namespace", "other")
    assert (done.code, done.error) == (4, "there is no fleet 'default' in other of lab")


def test_a_secret_that_lacks_what_gateways_read(there: Qorch, bare: Lab) -> None:
    bare.server.put(secret(**{"keys.json": "{}"}))
    done = there("up", *UP)
    assert (done.code, done.error) == (4, "the Secret qorch-default has no admin-token")


def test_what_options_need_is_looked_for_too(there: Qorch, bare: Lab) -> None:
    done = there("up", *UP, "--redis", "redis:6379", "--model-claim", "models")
    assert (done.code, done.error) == (4, "2 things stand against it:")
    assert "  - the Secret qorch-default has no redis-password" in done.err.splitlines()
    assert "  - there is no PersistentVolumeClaim 'models' in 'llm'" in done.err.splitlines()


@contextmanager
def rights(bare: Lab, tmp_path: Path, *rules: Object) -> Iterator[str]:
    """Those of eve, who may do these things in the namespace, and read nodes."""
    allow(bare.server, "eve", NAMESPACE, rules)
    allow(bare.server, "eve", None, [{"apiGroups": [""], "resources": ["nodes", "pods"], "verbs": ["list"]}])
    yield str(bare.server.kubeconfig(tmp_path / "eve", user="eve", namespace=NAMESPACE, context="lab"))


def rule(*verbs: str, resources: tuple[str, ...] = ("*",)) -> Object:
    return {"apiGroups": ["*"], "resources": list(resources), "verbs": list(verbs)}


def test_who_may_only_read_is_told_what_may_not_be_done_to_what(qorch: Qorch, bare: Lab, tmp_path: Path) -> None:
    with rights(bare, tmp_path, rule("get", "list")) as eve:
        done = qorch("up", *UP, "--kubeconfig", eve)
    assert (done.code, done.error) == (4, "11 things stand against it:")
    assert "permission to patch rayservices.ray.io is needed" in done.err
    assert "permission to patch configmaps is needed" in done.err
    assert bare.rendered() == set()


def test_the_rights_that_the_guide_gives_are_enough_for_every_verb(qorch: Qorch, cluster: Lab, tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs/guides/kubernetes.md").read_text()
    rules = yaml.safe_load(guide.partition("```yaml\n")[2].partition("```")[0])["rules"]
    cluster.server.behind.logs = LastWords()
    with rights(cluster, tmp_path, *rules) as eve:
        at = ("--kubeconfig", eve)
        verbs = (
            ("up", *UP, "--timeout", "20"),
            ("status",),
            ("top", "--once", "-o", "json"),
            ("scale", "1"),
            ("logs",),
            ("up", *UP, "--diff"),
            ("down",),
        )
        done = [qorch(*verb, *at) for verb in verbs]
    assert [each.code for each in done] == [0, 0, 0, 0, 0, 1, 0], [each.err for each in done]
    assert "EnginesTold" not in done[1].out
    watched = json.loads(done[2].out)
    assert {each["name"]: each["error"] for each in watched["sources"]}["Kubernetes"] is None
    assert "permission" not in done[2].out


def test_who_may_not_watch_is_told_by_top(qorch: Qorch, there: Qorch, cluster: Lab, tmp_path: Path) -> None:
    there("up", *UP, "--timeout", "20")
    with rights(cluster, tmp_path, rule("get", "list")) as eve:
        done = qorch("top", "--once", "-o", "json", "--kubeconfig", eve)
    (told,) = (each for each in json.loads(done.out)["sources"] if each["name"] == "Kubernetes")
    assert (
        "forbidden: needs watch pods; hint: kubectl --context lab auth can-i watch pods --namespace llm"
        in told["error"]
    )


def test_top_of_a_fleet_that_is_not_there(there: Qorch, cluster: Lab) -> None:
    done = there("top", "--once", "--fleet", "other")
    assert (done.code, done.error) == (4, "there is no fleet 'other' in llm of lab")
    assert done.hint.startswith("qorch up --fleet other --kubeconfig ")
    assert done.hint.endswith(" --kube-context lab --namespace llm")


def test_without_the_secret_status_tells_what_it_cannot(
    qorch: Qorch, there: Qorch, cluster: Lab, tmp_path: Path
) -> None:
    there("up", *UP, "--timeout", "20")
    seen = ("configmaps", "rayservices", "pods", "services/proxy")
    with rights(cluster, tmp_path, rule("get", "list", resources=seen)) as eve:
        fleet = json.loads(qorch("status", "--kubeconfig", eve, "-o", "json").out)
    assert (fleet["phase"], fleet["ready_replicas"]) == ("Ready", 2)
    (told,) = (each for each in fleet["conditions"] if each["type"] == "EnginesTold")
    assert told["status"] is False
    assert "forbidden: needs get secrets; hint: " in told["message"]


def test_who_may_not_reach_services_has_kuberays_word(qorch: Qorch, there: Qorch, cluster: Lab, tmp_path: Path) -> None:
    there("up", *UP, "--timeout", "20")
    with rights(cluster, tmp_path, rule("get", "list", resources=("configmaps", "rayservices", "pods"))) as eve:
        done = qorch("status", "--kubeconfig", eve)
    assert "default: Ready  2/2 ready" in done.out
    assert "forbidden: needs get services/proxy; hint: " in done.out


def test_a_fleet_whose_gateway_the_server_does_not_reach_comes_up_all_the_same(there: Qorch, cluster: Lab) -> None:
    cluster.server.behind.services[NAMESPACE, SERVICE] = UNREACHED
    done = there("up", *UP, "--timeout", "20")
    assert done.code == 0, done.err
    assert "a NetworkPolicy may keep the API server out" in there("status").out


def test_a_finalizer_that_nobody_takes_is_told_and_the_rest_stays(
    there: Qorch, bare: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    there("up", *UP, "--no-wait")
    bare.ray.reconcile("qorch-default")
    monkeypatch.setattr("orchestrator.adapters.kuberay.cluster.GOING_S", 0.1)
    done = there("down")
    assert (done.code, done.error) == (
        6,
        "rayservice.ray.io/qorch-default is not gone within 0.1 s: KubeRay has not let go of it",
    )
    assert ("serviceaccounts", "qorch-default-engine") in bare.rendered()
    bare.ray.reconcile("qorch-default")
    assert there("down").code == 0
    assert bare.rendered() == set()


def test_what_admission_refuses_is_refused_before_anything_is_written(there: Qorch, bare: Lab) -> None:
    said = 'admission webhook "policy.example" denied the request: no GPUs on Fridays'
    bare.server.faults.order(Fault("patch", "rayservices", 400, said))
    done = there("up", *UP)
    assert done.code == 4
    assert said in done.error
    assert bare.rendered() == set()


def test_a_quota_that_leaves_too_little_is_named_before_anything_is_applied(there: Qorch, bare: Lab) -> None:
    gpus = "requests.nvidia.com/gpu"
    bare.server.put(quota_object("team", NAMESPACE, hard={gpus: 4}, used={gpus: 3}))
    version = bare.server.store.version
    done = there("up", *UP, "--yes")
    assert done.code == 3
    assert done.error.startswith("quota team of namespace llm leaves 1 of 4 nvidia.com/gpu; 2 replicas were asked for")
    assert done.hint == "kubectl --context lab -n llm describe quota,limitrange"
    assert bare.server.store.version == version
    assert {seen.verb for seen in bare.server.requests} <= {"get", "list"}


def test_a_quota_that_is_met_halfway_is_undone(there: Qorch, bare: Lab) -> None:
    """Dry runs are asked first: this one is met by the second asking."""
    bare.server.faults.order(Fault("patch", "rayservices", 0))
    bare.server.faults.order(Fault("patch", "rayservices", 403, "exceeded quota: fleets"))
    done = there("up", *UP)
    assert done.code == 4
    assert "exceeded quota: fleets; before that: create serviceaccount/qorch-default-engine, " in done.error
    assert bare.rendered() == set()


def test_what_cannot_be_undone_either_is_said(there: Qorch, bare: Lab) -> None:
    bare.server.faults.order(Fault("patch", "rayservices", 0))
    bare.server.faults.order(Fault("patch", "rayservices", 403, "exceeded quota: fleets"))
    bare.server.faults.order(Fault("delete", "", 403, "no deletions today"))
    done = there("up", *UP)
    assert done.code == 4
    assert "exceeded quota: fleets" in done.error
    assert "what was applied is still there: permission to delete" in done.err
    assert "later: qorch down --kubeconfig " in done.err


def test_a_fleet_that_ran_before_is_not_removed_by_a_change_that_fails(there: Qorch, cluster: Lab) -> None:
    there("up", *UP, "--timeout", "20")
    before = cluster.rendered()
    cluster.pods.troubles["gateway"] = waiting("gateway", "ImagePullBackOff", "no such image")
    done = there("up", *UP, "--image", "qorch:none", "--timeout", "20")
    assert done.code == 5
    assert "ImagePullBackOff: no such image" in done.error
    assert "the fleet was there before, so nothing is removed" in done.err
    assert cluster.rendered() == before


def waiting(container: str, reason: str, message: str, **more: Any) -> Object:
    state = {"waiting": {"reason": reason, "message": message}}
    return {"phase": "Pending", "containerStatuses": [{"name": container, "state": state, **more}]}


def unschedulable(message: str) -> Object:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    return {"phase": "Pending", "conditions": [condition]}


def test_an_image_that_cannot_be_pulled_fails_the_start_and_is_undone(there: Qorch, cluster: Lab) -> None:
    cluster.pods.troubles["engine"] = waiting("engine", "ImagePullBackOff", 'Back-off pulling image "qorch:1"')
    done = there("up", *UP, "--timeout", "20")
    assert done.code == 5
    assert "container 'engine' of qorch-default-" in done.error
    assert 'ImagePullBackOff: Back-off pulling image "qorch:1"' in done.error
    assert done.hint.startswith("kubectl --context lab -n llm describe pod qorch-default-")
    assert cluster.rendered() == set()


def test_a_container_that_crashes_is_told_with_its_last_words(there: Qorch, cluster: Lab) -> None:
    ended = {"terminated": {"reason": "OOMKilled", "exitCode": 137}}
    trouble = waiting("engine", "CrashLoopBackOff", "back-off 5m0s", lastState=ended, restartCount=4)
    cluster.pods.troubles["engine"] = trouble
    logs = cluster.server.behind.logs = LastWords()
    done = there("up", *UP, "--timeout", "20")
    assert done.code == 5
    assert "OOMKilled: its memory limit was too small; it ended 4 times, last with exit code 137" in done.error
    assert "  | loading 8 of 9 shards" in done.err
    assert logs.asked == "engine (previous)"


class LastWords(dict[tuple[str, str, str], str]):
    """The same of each container, whose name nobody knows before."""

    asked = ""

    def get(self, key: Any, default: Any = None) -> Any:
        self.asked = key[2]
        return "loading 8 of 9 shards\n"


def test_pods_that_no_node_takes_are_told_while_it_waits_and_when_it_stops(there: Qorch, cluster: Lab) -> None:
    cluster.pods.troubles["engine"] = unschedulable("0/1 nodes are available: 1 Insufficient nvidia.com/gpu")
    done = there("up", *UP, "--timeout", "2")
    assert done.code == 6
    assert "Unschedulable: 0/1 nodes are available: 1 Insufficient nvidia.com/gpu" in done.error
    assert done.hint.startswith("qorch status --watch --kubeconfig ")
    status = there("status")
    assert "NO   PodsRun: 2 pods do not run: engine: Unschedulable: 0/1 nodes" in status.out
    assert "Unschedulable: 0/1 nodes are available" in status.out.splitlines()[-4]


def test_an_application_that_fails_is_told_in_serves_words(there: Qorch, cluster: Lab) -> None:
    cluster.server.behind.services.clear()
    deployments = {"qwen3.5-9b-bf16": {"status": "UNHEALTHY", "message": "qorch: the engine ended: exit code 1"}}
    cluster.ray.applications = {"qorch": {"status": "DEPLOY_FAILED", "serveDeploymentStatuses": deployments}}
    done = there("up", *UP, "--timeout", "20")
    assert (done.code, done.error) == (5, "the deployment failed: qorch: the engine ended: exit code 1")


def test_what_another_version_wrote_is_no_traceback(there: Qorch, bare: Lab) -> None:
    there("up", *UP, "--no-wait")
    record = bare.objects()["configmaps", "qorch-default-spec"]
    bare.server.put({**record, "data": {"fleet.json": "{}"}})
    done = there("status")
    assert done.code == 4
    assert done.error.startswith("what was deployed as 'default' cannot be read: another version of qorch wrote it")
    assert there("down").code == 0
    assert bare.rendered() == set()


def test_decisions_that_no_gateway_tells_are_where_the_head_is(there: Qorch, bare: Lab) -> None:
    there("up", *UP, "--no-wait")
    done = there("status", "--decisions")
    assert (done.code, done.error) == (4, "the gateway tells no decisions: it does not answer")
    assert done.hint.endswith("-- cat /var/lib/qorch/scaling.json")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("up", "--image", "qorch:1"), "--image is for a cluster"),
        (("up", "--diff"), "--diff is for a cluster"),
        (("up", "--dry-run=server"), "--dry-run=server is for a cluster"),
        (("up", "--dry-run=perhaps"), "expected plan|server, got 'perhaps'"),
        (("status", "-n", "llm"), "'llm' is no number; a namespace is --namespace llm"),
        (("up", "-n", "llm"), "--namespace llm is of a cluster, and none is named"),
        (("status", "--namespace", "llm"), "--namespace llm is of a cluster, and none is named"),
        (("up", "--kube-context", "lab", "--port", "80"), "--port cannot be combined with --kube-context"),
        (("up", "--kube-context", "lab", "--weights", "."), "--weights cannot be combined with --kube-context"),
        (("down", "--kube-context", "lab", "-n", "Not_One"), "expected a namespace"),
    ],
)
def test_options_of_hosts_and_of_clusters_are_told_apart(qorch: Qorch, arguments: tuple[str, ...], said: str) -> None:
    done = qorch(*arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.error


def test_a_fleet_that_is_not_there(there: Qorch, bare: Lab) -> None:
    for verb in (("status",), ("scale", "2")):
        done = there(*verb)
        assert done.code == 4
        assert done.error.startswith("there is no fleet 'default'")
        assert done.hint.startswith("qorch up --kubeconfig ")
    assert there("logs").error == "the fleet 'default' has no engine pods"
