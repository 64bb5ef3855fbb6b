"""The fleet that is simulated, as qorch plans it: its figures are predictions, like those of any plan."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.adapters.described_site import parse_site
from orchestrator.adapters.gpu_table import load_gpus, shipped_gpus_dir
from orchestrator.adapters.profile_files import load_profiles, shipped_profiles_dir
from orchestrator.adapters.speed_files import load_speeds, shipped_speeds_dir
from orchestrator.app.plan import make_described_plan
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.inventory import Gpu
from orchestrator.core.planned_deployment import Endpoint, ModelFiles, Places, deployment_spec
from orchestrator.core.predict import Predictor
from orchestrator.core.replica_bounds import ReplicaBounds
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.wish import Prices, Wish

NAME = "simulated"
HARDWARE = "a100-80gb:6,l4:2"
MODEL = "qwen3.5-4b"
BOUNDS = ReplicaBounds(2, 8)
PRICES = Prices(gpu_hour=(("NVIDIA A100-SXM4-80GB", 1.80), ("NVIDIA L4", 0.60)))
GOAL = ScalingGoal(ttft_s=2.0, tpot_s=0.08, attainment=0.95, cost_per_hour=12.0)


@dataclass(frozen=True)
class Planned:
    """What would be deployed, and the GPUs that it would be on."""

    spec: DeploymentSpec
    gpus: tuple[Gpu, ...]


def planned() -> Planned:
    gpus = load_gpus(shipped_gpus_dir())
    predictor = Predictor(gpus, load_speeds(shipped_speeds_dir()))
    wish = Wish(model=MODEL, num_replicas=BOUNDS.max_replicas, bounds=BOUNDS, prices=PRICES)
    plan = make_described_plan(load_profiles(shipped_profiles_dir()), parse_site(HARDWARE, gpus), wish, predictor)
    files = {each.fit.profile.name: ModelFiles("", None) for each in plan.placements}
    places, endpoint = Places("", "", "", "", ""), Endpoint("127.0.0.1", 8000, keys_required=False)
    return Planned(deployment_spec(NAME, plan, files, places, endpoint, {}, 0, GOAL), plan.inventory.gpus)
