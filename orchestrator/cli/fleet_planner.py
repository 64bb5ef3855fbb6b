"""Plans for the operator: over a cluster, written down as documents, and read from them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from orchestrator.adapters.plan_file import plan_of
from orchestrator.adapters.plan_hosts import site_of
from orchestrator.adapters.yaml_file import parse_yaml
from orchestrator.app.cluster_plan import make_cluster_plan
from orchestrator.app.planned import make_planned_pods
from orchestrator.core.cluster.cluster_site import Seen
from orchestrator.core.cluster.tenant import Tenant
from orchestrator.core.errors import UsageError
from orchestrator.core.gpu_table import GpuTable
from orchestrator.core.manifests.settings import ClusterSettings
from orchestrator.core.plan import FitPlan
from orchestrator.core.predict import Predictor
from orchestrator.core.profile import Profile
from orchestrator.core.wish import Wish
from orchestrator.views.plan_data import plan_data

RECORD = Path("plan.yaml")  # in the fleet's ConfigMap


class FleetPlanner:
    """With the profiles and tables that were there when the operator started."""

    def __init__(self, profiles: tuple[Profile, ...], table: GpuTable, predict: Predictor) -> None:
        self._profiles, self.table, self._predict = profiles, table, predict

    def plan(self, seen: Seen, wish: Wish, tenant: Tenant, settings: ClusterSettings) -> FitPlan:
        return make_cluster_plan(self._profiles, seen, wish, self.table, self._predict, tenant, settings)

    def written(self, plan: FitPlan) -> str:
        """JSON is YAML too."""
        return json.dumps(plan_data(plan), separators=(",", ":"))

    def read(self, document: str, wish: Wish) -> FitPlan:
        parsed = parse_yaml(document.encode(), RECORD, UsageError)
        planned = plan_of(parsed, [profile.name for profile in self._profiles])
        plan = make_planned_pods(planned, self._profiles, site_of(parsed), self._predict)
        return replace(plan, wish=replace(plan.wish, prices=wish.prices, objective=wish.objective))
