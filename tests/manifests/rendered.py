"""Fleets as objects, for tests: from a line of hardware to what `qorch render` writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from orchestrator.adapters.described_site import parse_site
from orchestrator.adapters.gpu_table import load_gpus, shipped_gpus_dir
from orchestrator.app.plan import make_described_plan
from orchestrator.core.cluster.toleration import Toleration
from orchestrator.core.manifests.fleet import manifests
from orchestrator.core.manifests.manifest import Manifest
from orchestrator.core.manifests.settings import ClusterSettings, MigStrategy, Upgrade
from orchestrator.core.plan import FitPlan
from orchestrator.core.replica_bounds import ReplicaBounds
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.wish import Wish
from tests.core.machines import PREDICT, PROFILES

TABLE = load_gpus(shipped_gpus_dir())
IMAGE = "registry.example/qorch@sha256:" + "0" * 64
SETTINGS = ClusterSettings(image=IMAGE)
BOUNDS = ReplicaBounds(1, 3)
SCALED = Wish(model="qwen3.5-9b", num_replicas=BOUNDS.max_replicas, bounds=BOUNDS)
PAIR = "a100-80gb:2"


def plan(hardware: str = PAIR, wish: Wish | None = None) -> FitPlan:
    return make_described_plan(PROFILES, parse_site(hardware, TABLE), wish or Wish(), PREDICT)


def rendered(hardware: str = PAIR, wish: Wish | None = None, goal: ScalingGoal | None = None, **settings: Any) -> Fleet:
    objects = manifests("default", plan(hardware, wish), goal or ScalingGoal(), replace(SETTINGS, **settings), TABLE)
    return Fleet(objects)


def every_kind() -> Iterator[Fleet]:
    """Each choice that shows in the objects, at least once."""
    yield rendered()
    yield rendered("cpu:16c:64gb", model_claim="models", tolerations=(Toleration("spot"), Toleration("team", "")))
    yield rendered("a100-80gb:4", SCALED, redis_address="redis:6379", monitoring=True, namespace="llm")
    yield rendered("h100-80gb/mig-3g.40gb:2", Wish(model="qwen3.5-9b"), client_namespaces=("web", "jobs"))
    yield rendered("h100-80gb/mig-3g.40gb:2", Wish(model="qwen3.5-9b"), mig_strategy=MigStrategy.SINGLE)
    yield rendered("a100-80gb:4", SCALED, upgrade=Upgrade.INCREMENTAL, gateway_class="istio")
    yield rendered("a100-80gb:2@3;l4:2@2", replace(SCALED, num_replicas=6, bounds=ReplicaBounds(0, 6)))


class Fleet:
    """Its objects, and the parts of them that tests look at."""

    def __init__(self, objects: tuple[Manifest, ...]) -> None:
        self.objects = objects

    def one(self, kind: str, part: str = "") -> Any:
        """The only one of its kind, or the one whose name ends so."""
        (found,) = (each for each in self.objects if each["kind"] == kind and each["metadata"]["name"].endswith(part))
        return found

    def kinds(self) -> list[str]:
        return [each["kind"] for each in self.objects]

    @property
    def service(self) -> Any:
        return self.one("RayService")["spec"]

    @property
    def cluster(self) -> Any:
        return self.service["rayClusterConfig"]

    def group(self, name: str) -> Any:
        return next(each for each in self.cluster["workerGroupSpecs"] if each["groupName"] == name)

    @property
    def engines(self) -> list[Any]:
        return [each for each in self.cluster["workerGroupSpecs"] if each["groupName"] != "gateway"]

    @property
    def pod_templates(self) -> Iterator[Mapping[str, Any]]:
        yield self.cluster["headGroupSpec"]["template"]
        yield from (group["template"] for group in self.cluster["workerGroupSpecs"])
        yield from (each["spec"]["template"] for each in self.objects if each["kind"] == "Job")
