"""A plan of a cluster that was written down is rendered for that cluster."""

from __future__ import annotations

from orchestrator.core.cluster.cluster_site import Seen
from orchestrator.core.cluster.node import read_node
from orchestrator.core.cluster.tenant import Tenant
from orchestrator.core.qwen_fleet.record import of_chosen
from orchestrator.core.wish import Wish
from tests.core.cluster.objects import A100_LABELS, node_object
from tests.fleet_operator.conftest import PLANNER
from tests.manifests.rendered import SETTINGS


def test_weights_go_to_a_volume_whatever_disks_the_nodes_have():
    node = read_node(node_object("a", A100_LABELS, gpus=8, resources={"ephemeral-storage": "1Gi"}))
    plan = PLANNER.plan(Seen("lab", (node,)), Wish(one_host=True), Tenant(), SETTINGS)
    read = PLANNER.read(PLANNER.written(of_chosen(plan)), plan.wish)
    assert [each.fit.profile.name for each in read.placements] == [each.fit.profile.name for each in plan.placements]
