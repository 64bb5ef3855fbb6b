"""The kind's names, and what says that an object is a QwenFleet's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

GROUP, VERSION, KIND, PLURAL, SHORT = "qorch.dev", "v1alpha1", "QwenFleet", "qwenfleets", "qf"
API_VERSION = f"{GROUP}/{VERSION}"
MANAGER = "qorch-operator"  # of the fields that the operator applies

Object = Mapping[str, Any]


class Key(NamedTuple):
    """Which QwenFleet."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def key_of(item: Object) -> Key:
    return Key(str(item["metadata"].get("namespace", "")), str(item["metadata"]["name"]))


def owner_reference(fleet: Object) -> dict[str, Any]:
    """With it an object goes when its QwenFleet does; it holds nothing back, which would take further rights."""
    metadata = fleet["metadata"]
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
    }


def is_owned(item: Object, fleet: Object) -> bool:
    return any(each.get("uid") == fleet["metadata"]["uid"] for each in item["metadata"].get("ownerReferences") or ())


def words(item: Object) -> str:
    """An object, for people."""
    return f"{item['kind']}/{item['metadata']['name']}"
