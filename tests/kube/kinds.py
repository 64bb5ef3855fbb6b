"""The kinds that the API server has: built-in ones here, custom ones from the definitions that are posted."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate

Object = dict[str, Any]
Schema = dict[str, Any]

KUBERAY = Path(__file__).parents[1] / "data" / "kuberay"
OBJECT_META = {"$ref": "#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}
_SCHEMAS = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema" / "v1.37.0-local"
_CORE = "io.k8s.api.{}.{}.{}"
_APIEXTENSIONS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition"


@dataclass(frozen=True)
class Kind:
    """One kind at one version."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    custom: bool = False
    schema: Schema = field(default_factory=dict, hash=False, compare=False)
    status: bool = False
    scale: Object | None = field(default=None, hash=False, compare=False)
    short_names: tuple[str, ...] = ()
    selectable: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """As error messages name it: `rayservices.ray.io`, `pods`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def full_kind(self) -> str:
        return f"{self.kind}.{self.group}" if self.group else self.kind

    @property
    def counts_generations(self) -> bool:
        return self.custom or self.group not in ("", "rbac.authorization.k8s.io", "coordination.k8s.io")


@cache
def definitions() -> dict[str, Schema]:
    """The schemas of built-in kinds, with list types and merge keys, as `kubernetes-validate` carries them."""
    found: dict[str, Schema] = json.loads((_SCHEMAS / "_definitions.json").read_text())["$defs"]
    return found


# group, package of its Go types, version, then KIND/plural[/short name] with * for cluster scope and ! for a status
_BUILT_IN = (
    ("", "core", "v1", "Namespace/namespaces/ns*! Node/nodes/no*! Pod/pods/po! Service/services/svc! Event/events/ev"),
    (
        "",
        "core",
        "v1",
        "ConfigMap/configmaps/cm Secret/secrets ServiceAccount/serviceaccounts/sa Endpoints/endpoints/ep",
    ),
    ("", "core", "v1", "PersistentVolumeClaim/persistentvolumeclaims/pvc! PersistentVolume/persistentvolumes/pv*!"),
    ("", "core", "v1", "ResourceQuota/resourcequotas/quota! LimitRange/limitranges/limits"),
    ("apps", "apps", "v1", "Deployment/deployments/deploy! StatefulSet/statefulsets/sts! ReplicaSet/replicasets/rs!"),
    ("apps", "apps", "v1", "DaemonSet/daemonsets/ds!"),
    ("batch", "batch", "v1", "Job/jobs! CronJob/cronjobs/cj!"),
    ("rbac.authorization.k8s.io", "rbac", "v1", "Role/roles RoleBinding/rolebindings ClusterRole/clusterroles*"),
    ("rbac.authorization.k8s.io", "rbac", "v1", "ClusterRoleBinding/clusterrolebindings*"),
    ("networking.k8s.io", "networking", "v1", "NetworkPolicy/networkpolicies/netpol Ingress/ingresses/ing!"),
    ("policy", "policy", "v1", "PodDisruptionBudget/poddisruptionbudgets/pdb!"),
    ("coordination.k8s.io", "coordination", "v1", "Lease/leases"),
    ("discovery.k8s.io", "discovery", "v1", "EndpointSlice/endpointslices"),
    (
        "resource.k8s.io",
        "resource",
        "v1",
        "ResourceSlice/resourceslices* ResourceClaim/resourceclaims! DeviceClass/deviceclasses*",
    ),
    ("storage.k8s.io", "storage", "v1", "StorageClass/storageclasses/sc*"),
    ("scheduling.k8s.io", "scheduling", "v1", "PriorityClass/priorityclasses/pc*"),
)
_SCALABLE = ("deployments", "statefulsets", "replicasets")
_REPLICAS = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
_POD_FIELDS = ("spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName", "status.phase", "status.podIP")
_SELECTABLE = {
    "pods": _POD_FIELDS,
    "nodes": ("spec.unschedulable",),
    "secrets": ("type",),
    "namespaces": ("status.phase",),
}
_SELECTABLE["events"] = ("involvedObject.kind", "involvedObject.name", "involvedObject.uid", "reason", "type")


@cache
def built_in_kinds() -> tuple[Kind, ...]:
    definition = Kind(
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        namespaced=False,
        schema={"$ref": f"#/$defs/{_APIEXTENSIONS}"},
        status=True,
        short_names=("crd",),
    )
    return (
        *(
            _built_in(group, package, version, words)
            for group, package, version, line in _BUILT_IN
            for words in line.split()
        ),
        definition,
    )


def _built_in(group: str, package: str, version: str, words: str) -> Kind:
    kind, plural, *short = words.rstrip("*!").split("/")
    flags = words[len(words.rstrip("*!")) :]
    return Kind(
        group,
        version,
        kind,
        plural,
        namespaced="*" not in flags,
        schema={"$ref": f"#/$defs/{_CORE.format(package, version, kind)}"},
        status="!" in flags,
        scale=_REPLICAS if plural in _SCALABLE else None,
        short_names=tuple(short),
        selectable=_SELECTABLE.get(plural, ()),
    )


def custom_kinds(definition: Object) -> tuple[Kind, ...]:
    """The kinds of a CustomResourceDefinition, one a served version; the stored version first."""
    spec, names = definition["spec"], definition["spec"]["names"]
    served = [version for version in spec["versions"] if version["served"]]
    return tuple(
        Kind(
            spec["group"],
            version["name"],
            names["kind"],
            names["plural"],
            namespaced=spec["scope"] == "Namespaced",
            custom=True,
            schema=_with_object_meta(version["schema"]["openAPIV3Schema"]),
            status="status" in version.get("subresources", {}),
            scale=version.get("subresources", {}).get("scale"),
            short_names=tuple(names.get("shortNames", ())),
            selectable=tuple(each["jsonPath"].lstrip(".") for each in version.get("selectableFields", ())),
        )
        for version in sorted(served, key=lambda version: not version["storage"])
    )


def _with_object_meta(schema: Schema) -> Schema:
    ours = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": OBJECT_META}
    return {**schema, "properties": {**schema.get("properties", {}), **ours}}


@cache
def kuberay_definitions() -> tuple[Object, ...]:
    """KubeRay's own definitions of RayCluster and RayService."""
    return tuple(json.loads(gzip.decompress(file.read_bytes())) for file in sorted(KUBERAY.glob("*.json.gz")))
