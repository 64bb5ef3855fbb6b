"""Scaling rules of other projects, written from their documentation, by the name that a user asks for them with."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestrator.core.scaling.peers.apa import apa
from orchestrator.core.scaling.peers.dynamo import dynamo
from orchestrator.core.scaling.peers.keda import keda
from orchestrator.core.scaling.peers.kpa import kpa
from orchestrator.core.scaling.peers.ray_serve import TUNED, ray_serve
from orchestrator.core.scaling.peers.skyserve import skyserve
from orchestrator.core.scaling.peers.wva import wva
from orchestrator.core.scaling.rule import Rule

PEERS: Mapping[str, Callable[[], Rule]] = {
    "ray-serve": ray_serve,
    "ray-serve-tuned": lambda: ray_serve(TUNED),
    "kpa": kpa,
    "apa": apa,
    "wva": wva,
    "keda": keda,
    "dynamo": dynamo,
    "skyserve": skyserve,
}
