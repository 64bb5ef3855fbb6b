"""Nodes, pods and ResourceSlices as an API server serves them."""

from __future__ import annotations

from typing import Any

from orchestrator.core.cluster.node import Node, read_node

Object = dict[str, Any]

A100_LABELS = {
    "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB",
    "nvidia.com/gpu.memory": "81920",
    "nvidia.com/gpu.count": "8",
    "nvidia.com/gpu.compute.major": "8",
    "nvidia.com/gpu.compute.minor": "0",
    "nvidia.com/gpu.replicas": "1",
    "nvidia.com/cuda.driver-version.full": "580.65.06",
    "nvidia.com/cuda.runtime-version.full": "13.0",
}
READY = {"type": "Ready", "status": "True"}


def labelled(**changes: str | None) -> dict[str, str]:
    """The labels of a node of A100s, with some others: `product="Tesla-T4"`; None takes one away."""
    labels = {**A100_LABELS, **{f"nvidia.com/gpu.{name.replace('_', '.')}": value for name, value in changes.items()}}
    return {name: value for name, value in labels.items() if value is not None}


def node_object(
    name: str = "node",
    labels: dict[str, str] | None = None,
    gpus: Any = None,
    resources: dict[str, Any] | None = None,
    spec: Object | None = None,
    conditions: list[Object] | None = None,
) -> Object:
    """One that is Ready and has 64 cores and 512 GiB; `resources` are allocatable beside those."""
    allocatable = {"cpu": "63770m", "memory": "512Gi", "ephemeral-storage": "100Gi", **(resources or {})}
    if gpus is not None:
        allocatable["nvidia.com/gpu"] = str(gpus)
    metadata = {"name": name, "labels": {"kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux", **(labels or {})}}
    status = {
        "allocatable": allocatable,
        "capacity": allocatable,
        "conditions": [READY] if conditions is None else conditions,
    }
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec or {}, "status": status}


def node(*arguments: Any, **changes: Any) -> Node:
    return read_node(node_object(*arguments, **changes))


def pod_object(name: str, node: str | None, phase: str = "Running", **requests: Any) -> Object:
    """A pod of one container; `gpu=2` asks for `nvidia.com/gpu`."""
    wanted = {("nvidia.com/gpu" if name == "gpu" else name): str(amount) for name, amount in requests.items()}
    container = {"name": "main", "image": "main", "resources": {"requests": wanted, "limits": wanted}}
    spec = {"containers": [container], **({"nodeName": node} if node else {})}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": spec,
        "status": {"phase": phase},
    }


def device(name: str, product: str = "NVIDIA H100 80GB HBM3", memory: str = "81559Mi", **attributes: str) -> Object:
    """A GPU as NVIDIA's driver publishes it; `type="mig", parentUUID=…, profile=…` make it a slice."""
    told = {"type": "gpu", "uuid": f"GPU-{name}", "productName": product, **attributes}
    return {
        "name": name,
        "attributes": {
            **{key: {"string": value} for key, value in told.items()},
            "cudaComputeCapability": {"version": "9.0.0"},
        },
        "capacity": {"memory": {"value": memory}},
    }


def slice_object(node: str, *devices: Object, generation: int = 1, driver: str = "gpu.nvidia.com") -> Object:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": f"{node}-{driver}-{generation}"},
        "spec": {
            "driver": driver,
            "nodeName": node,
            "pool": {"name": node, "generation": generation, "resourceSliceCount": 1},
            "devices": list(devices),
        },
    }


def claim_object(name: str, *held: tuple[str, str], admin: bool = False) -> Object:
    """A claim that holds these devices of these pools."""
    results = [
        {
            "request": "gpu",
            "driver": "gpu.nvidia.com",
            "pool": pool,
            "device": device,
            **({"adminAccess": True} if admin else {}),
        }
        for pool, device in held
    ]
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {},
        "status": {"allocation": {"devices": {"results": results}}},
    }


def quota_object(name: str, namespace: str = "default", spec: Object | None = None, **status: Object) -> Object:
    """With `hard` and `used` as its status, whose amounts may be numbers."""
    amounts = {part: {resource: str(amount) for resource, amount in given.items()} for part, given in status.items()}
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"hard": amounts["hard"], **(spec or {})},
        "status": amounts,
    }


def limit_range_object(name: str, namespace: str = "default", kind: str = "Container", **item: Object) -> Object:
    """Of one item: `max={"memory": "8Gi"}`, `default={…}`, `defaultRequest={…}`."""
    return {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"limits": [{"type": kind, **item}]},
    }
