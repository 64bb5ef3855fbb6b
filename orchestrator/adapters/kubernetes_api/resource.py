"""Kinds of objects, as paths name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Resource:
    """A kind of object, as its path names it."""

    plural: str
    group: str = ""
    version: str = "v1"

    def path(self, namespace: str | None = None, name: str = "", subresource: str = "") -> str:
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        within = f"{root}/namespaces/{namespace}" if namespace else root
        return "/".join(filter(None, (within, self.plural, name, subresource)))

    def __str__(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural


def resource_of(item: Mapping[str, Any]) -> Resource:
    """The kind of an object, whose plural is regular, as that of every kind that qorch writes is."""
    group, _, version = item["apiVersion"].rpartition("/")
    kind = item["kind"].lower()
    return Resource(f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s", group, version)
