"""A fleet in a Kubernetes cluster that has KubeRay."""

from orchestrator.adapters.kuberay.cluster import KubeRayCluster

__all__ = ["KubeRayCluster"]
