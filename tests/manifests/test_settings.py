"""What no cluster takes is refused, wherever the settings come from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.errors import UsageError
from orchestrator.core.manifests.fleet import manifests
from orchestrator.core.manifests.settings import ClusterSettings, Upgrade
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.wish import Wish
from tests.manifests.rendered import PAIR, SCALED, SETTINGS, TABLE, plan, rendered


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"image": ""}, "image: expected an image"),
        ({"image": "qorch@sha256:short"}, "image: expected an image"),
        ({"namespace": "Not_A_Namespace"}, "namespace: expected a namespace"),
        ({"namespace": "a" * 64}, "namespace: expected a namespace"),
        ({"namespace": ""}, "namespace: expected a namespace"),
        ({"client_namespaces": ("web", "-")}, "namespace: expected a namespace"),
        ({"model_claim": "../models"}, "claim: expected the name of a PersistentVolumeClaim"),
        ({"redis_address": "redis"}, "address: expected an address"),
        ({"num_gateways": 0}, "expected 1 to 64 gateways, got 0"),
        ({"num_gateways": -1}, "expected 1 to 64 gateways, got -1"),
        ({"num_gateways": 65}, "expected 1 to 64 gateways, got 65"),
        ({"upgrade": Upgrade.INCREMENTAL}, "it needs --gateway-class"),
        ({"upgrade": Upgrade.INCREMENTAL, "gateway_class": "an istio"}, "class: expected the name of a GatewayClass"),
        ({"gateway_class": "istio"}, "--gateway-class is for --upgrade"),
    ],
)
def test_settings_that_no_cluster_takes_cannot_be_made(settings: dict[str, Any], said: str):
    with pytest.raises(UsageError, match=said) as refused:
        replace(SETTINGS, **settings)
    assert refused.value.hint


def test_an_incremental_upgrade_of_a_fleet_that_does_not_scale_is_refused():
    incremental = replace(SETTINGS, upgrade=Upgrade.INCREMENTAL, gateway_class="istio")
    with pytest.raises(UsageError, match="needs Ray's autoscaler"):
        manifests("default", plan(), ScalingGoal(), incremental, TABLE)
    assert manifests("default", plan("a100-80gb:4", SCALED), ScalingGoal(), incremental, TABLE)


@pytest.mark.parametrize("name", ["", "Chat", "a_b", "-a", "a-", "a" * 33, "a.b"])
def test_a_fleet_of_a_name_that_no_object_can_have_is_refused(name: str):
    with pytest.raises(UsageError, match="fleet: expected a fleet's name"):
        manifests(name, plan(PAIR, Wish()), ScalingGoal(), SETTINGS, TABLE)


@given(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True))
def test_every_namespace_that_kubernetes_takes_is_taken(name: str):
    assert ClusterSettings("qorch:1", namespace=name).namespace == name


def test_what_is_sensible_renders():
    assert rendered(num_gateways=64, namespace="a" * 63, client_namespaces=("web",), model_claim="models.v1").objects
