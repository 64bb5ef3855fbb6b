"""Every pod is within Pod Security `restricted` (kubernetes.io/docs/concepts/security/pod-security-standards)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.manifests.rendered import Fleet, every_kind, rendered

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
FLEETS = tuple(every_kind())


def violations(template: Mapping[str, Any]) -> Iterator[str]:
    """What `restricted` refuses, of what a template can hold."""
    spec = template["spec"]
    yield from (f"pod: {name}" for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name))
    for volume in spec.get("volumes", ()):
        yield from (f"volume {volume['name']}: {kind}" for kind in volume.keys() - {"name"} - VOLUMES)
    for container in [*spec["containers"], *spec.get("initContainers", ())]:
        yield from _of_container(spec.get("securityContext", {}), container)


def _of_container(pod: Mapping[str, Any], container: Mapping[str, Any]) -> Iterator[str]:
    own, name = container.get("securityContext", {}), container["name"]
    both = {**pod, **own}
    if own.get("privileged") or own.get("allowPrivilegeEscalation") is not False:
        yield f"{name}: privileges"
    capabilities = own.get("capabilities", {})
    if "ALL" not in capabilities.get("drop", ()) or set(capabilities.get("add", ())) - {"NET_BIND_SERVICE"}:
        yield f"{name}: capabilities"
    if both.get("runAsNonRoot") is not True or both.get("runAsUser") == 0:
        yield f"{name}: root"
    if both.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
        yield f"{name}: seccomp"
    yield from (f"{name}: host port" for port in container.get("ports", ()) if port.get("hostPort"))


@pytest.mark.parametrize("fleet", FLEETS)
def test_every_pod_is_restricted(fleet: Fleet) -> None:
    assert [each for template in fleet.pod_templates for each in violations(template)] == []


@pytest.mark.parametrize("fleet", FLEETS)
def test_no_pod_takes_variables_of_services_for_options_of_qorch(fleet: Fleet) -> None:
    assert {template["spec"]["enableServiceLinks"] for template in fleet.pod_templates} == {False}


@pytest.mark.parametrize("fleet", FLEETS)
def test_so_is_the_autoscaler_that_kuberay_puts_beside_the_head(fleet: Fleet) -> None:
    options = fleet.cluster.get("autoscalerOptions")
    assert (options is None) == (
        fleet.one("RayService")["spec"]["rayClusterConfig"].get("enableInTreeAutoscaling") is None
    )
    if options is not None:
        pod = fleet.cluster["headGroupSpec"]["template"]["spec"]
        sidecar = {"name": "autoscaler", "securityContext": options["securityContext"]}
        assert list(violations({"spec": {**pod, "containers": [sidecar]}})) == []


def own(pod: Any) -> Any:
    return pod["containers"][0]["securityContext"]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda pod: pod.update(hostNetwork=True), "pod: hostNetwork"),
        (lambda pod: pod["volumes"].append({"name": "disk", "hostPath": {"path": "/"}}), "volume disk: hostPath"),
        (lambda pod: own(pod).pop("capabilities"), "ray-head: capabilities"),
        (
            lambda pod: pod["containers"][0]["securityContext"].update(allowPrivilegeEscalation=True),
            "ray-head: privileges",
        ),
        (lambda pod: pod["securityContext"].update(runAsUser=0), "ray-head: root"),
    ],
)
def test_a_pod_that_is_not_would_be_seen(broken: Callable[[Any], Any], said: str) -> None:
    template: Any = copy.deepcopy(next(iter(rendered().pod_templates)))
    broken(template["spec"])
    assert list(violations(template)) == [said]


@pytest.mark.parametrize("fleet", FLEETS)
def test_the_root_is_read_only_and_what_is_written_has_a_volume(fleet: Fleet) -> None:
    for template in fleet.pod_templates:
        for container in [*template["spec"]["containers"], *template["spec"].get("initContainers", ())]:
            assert container["securityContext"]["readOnlyRootFilesystem"]
            mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
            assert "/tmp" in mounts or container["command"][0] == "sh"


@pytest.mark.parametrize("fleet", FLEETS)
def test_only_a_head_with_an_autoscaler_has_a_token_of_the_api_server(fleet: Fleet) -> None:
    head, *others = fleet.pod_templates
    assert head["spec"]["automountServiceAccountToken"] is ("enableInTreeAutoscaling" in fleet.cluster)
    assert all(each["spec"]["automountServiceAccountToken"] is False for each in others)
    assert fleet.one("ServiceAccount")["automountServiceAccountToken"] is False
