"""The programs that the pods of a fleet are started with, read from what is rendered and from what KubeRay adds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bashlex
from bashlex.ast import node, nodevisitor

from orchestrator.core.cluster.probe_job import probe_job
from tests.manifests.rendered import every_kind

KUBERAY = (  # 1.7.0: ray-operator/controllers/ray/common/pod.go
    ["/bin/bash", "-c", "ulimit -n 65536; ray start --head --block"],
    ["/bin/bash", "-lc", "if ray health-check --address a:6379 > /dev/null 2>&1; then echo ready; fi; sleep 5"],
    ["/bin/bash", "-c", "ray kuberay-autoscaler --cluster-name a --cluster-namespace b"],
)


def pod_commands() -> Iterator[list[str]]:
    """Containers', hooks' and probes', of every kind of fleet and of the probe's Job."""
    for fleet in every_kind():
        for template in fleet.pod_templates:
            yield from _commands(template)
    yield from _commands(probe_job("node", "qorch:1", "default"))


def programs(command: list[str]) -> set[str]:
    """What a command starts: itself, and what the script that it may have names."""
    script = command[2:] if len(command) > 2 and command[1].endswith("c") else []
    return {command[0], *(name for text in script for name in _names(text))}


def _commands(part: Any) -> Iterator[list[str]]:
    if isinstance(part, list):
        for each in part:
            yield from _commands(each)
    elif isinstance(part, dict):
        if "command" in part:
            yield part["command"]
        yield from _commands(list(part.values()))


def _names(script: str) -> set[str]:
    found = _Commands()
    for each in bashlex.parse(script):
        found.visit(each)
    return found.names


class _Commands(nodevisitor):
    def __init__(self) -> None:
        self.names: set[str] = set()

    def visitcommand(self, n: node, parts: list[node]) -> None:
        self.names.update([part.word for part in parts if part.kind == "word"][:1])
