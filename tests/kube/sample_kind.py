"""A custom kind with one of everything that a schema can ask for."""

from __future__ import annotations

from tests.kube.kinds import Object

_PORTS = {
    "type": "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["port", "protocol"],
    "items": {
        "type": "object",
        "required": ["port"],
        "properties": {
            "port": {"type": "integer", "format": "int32"},
            "protocol": {"type": "string", "default": "TCP"},
            "note": {"type": "string"},
        },
    },
}
_BOUNDS = {
    "type": "object",
    "properties": {"min": {"type": "integer", "default": 1}, "max": {"type": "integer"}},
    "x-kubernetes-validations": [
        {"rule": "!has(self.max) || self.min <= self.max", "message": "min must not be above max", "fieldPath": ".min"}
    ],
}
_SPEC = {
    "type": "object",
    "required": ["model"],
    "properties": {
        "model": {"type": "string", "minLength": 1, "maxLength": 20, "pattern": "^[a-z0-9.-]+$"},
        "replicas": {"type": "integer", "minimum": 0, "maximum": 10, "default": 1},
        "mode": {"type": "string", "enum": ["auto", "fixed"]},
        "fixed": {
            "type": "string",
            "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "fixed is immutable"}],
        },
        "share": {"type": "number", "x-kubernetes-validations": [{"rule": "self <= 1.0"}]},
        "bounds": _BOUNDS,
        "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "ports": _PORTS,
        "args": {"type": "array", "items": {"type": "string"}},
        "settings": {"type": "object", "additionalProperties": {"type": "string"}},
        "memory": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        "raw": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "whole": {"type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": {"type": "string"}},
    },
}
_STATUS = {
    "type": "object",
    "properties": {"replicas": {"type": "integer"}, "phase": {"type": "string"}, "selector": {"type": "string"}},
}
_SCALE = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".status.selector",
}


def sample_definition(group: str) -> Object:
    """The definition of `Sample`, with status and scale."""
    schema = {"type": "object", "properties": {"spec": _SPEC, "status": _STATUS}}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}, "scale": _SCALE},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"samples.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {
                "kind": "Sample",
                "listKind": "SampleList",
                "plural": "samples",
                "singular": "sample",
                "shortNames": ["smp"],
            },
            "versions": [version],
        },
    }
