"""Specs, orders and a reporter for tests of the use cases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestrator.adapters.in_memory import PATHS
from orchestrator.app.ports import FleetPaths
from orchestrator.app.up import Order, UpSettings
from orchestrator.app.weights import ResolvedWeights
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.plan import Fit, FitPlan
from orchestrator.core.planned_deployment import Endpoint, ModelFiles, Places, deployment_spec
from orchestrator.core.wish import Wish
from tests.core.machines import machine, plan_for

ASKED: dict[str, Any] = {"profile": "demo-gguf", "context": None, "replicas": None, "port": 8000}
WEIGHTS = ResolvedWeights(Path("/weights/demo.gguf"), None, 1, "made here")


def demo_plan(replicas: int | None = None) -> FitPlan:
    return plan_for(machine(), Wish("demo-gguf", num_replicas=replicas))


def chosen(plan: FitPlan) -> Fit:
    assert plan.chosen is not None
    return plan.chosen


def demo_spec(
    fleet: str = "default",
    model_path: Path = WEIGHTS.path,
    port: int = 8000,
    paths: FleetPaths = PATHS,
    keys_path: Path = Path("/keys.json"),
    asked: dict[str, Any] = ASKED,
) -> DeploymentSpec:
    """One replica of the demo model, on loopback."""
    plan = demo_plan()
    files = {"demo-gguf": ModelFiles(str(model_path), None)}
    places = Places(
        str(paths.log_dir), str(keys_path), str(paths.admin_token_path), str(paths.claims_dir), str(paths.scaling_path)
    )
    return deployment_spec(fleet, plan, files, places, Endpoint("127.0.0.1", port, False), asked, created_s=1)


def demo_order(replicas: int | None = None) -> Order:
    plan = demo_plan(replicas)
    return Order(plan, lambda profile: WEIGHTS)


def settings(wait: bool = True, timeout_s: float = 5, **asked: Any) -> UpSettings:
    return UpSettings(Endpoint("127.0.0.1", 8000, False), "/keys.json", ASKED | asked, timeout_s, wait)


class Recording:
    """A reporter that keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.phases: list[str] = []
        self.ended: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def phase(self, name: str, detail: str) -> None:
        if self.phases[-1:] != [name]:
            self.phases.append(name)

    def done(self, name: str, detail: str) -> None:
        self.ended.append(name)
