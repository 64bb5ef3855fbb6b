"""Taints, and which tolerations let a fleet's pods on all the same."""

from __future__ import annotations

import pytest

from orchestrator.core.cluster.cluster_site import Seen, cluster_site
from orchestrator.core.cluster.tenant import Tenant
from orchestrator.core.cluster.toleration import Taint, Toleration, parse_toleration
from orchestrator.core.errors import UsageError
from tests.core.cluster.objects import A100_LABELS, node
from tests.core.cluster.test_gpus import TABLE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("team", Toleration("team")),
        ("team=llm", Toleration("team", "llm")),
        ("team:NoExecute", Toleration("team", None, "NoExecute")),
        ("example.com/team=llm:NoSchedule", Toleration("example.com/team", "llm", "NoSchedule")),
        ("team=:NoSchedule", Toleration("team", "", "NoSchedule")),
    ],
)
def test_a_toleration_is_written_as_kubectl_writes_a_taint(text: str, expected: Toleration):
    assert parse_toleration(text) == expected


@pytest.mark.parametrize("text", ["", ":NoSchedule", "=llm", "team:Never", "te am", "a/b/c", "team=a=b", "team=llm:"])
def test_what_no_taint_can_be_is_refused(text: str):
    with pytest.raises(UsageError, match="expected KEY"):
        parse_toleration(text)


def test_nonsense_is_refused_wherever_it_comes_from():
    for key, value, effect in (("", None, None), ("te am", None, None), ("team", "a=b", None), ("team", None, "Never")):
        with pytest.raises(UsageError, match="expected KEY"):
            Toleration(key, value, effect)


@pytest.mark.parametrize(
    ("taint", "texts"),
    [
        (Taint("team", "llm", "NoSchedule"), ("team", "team=llm", "team:NoSchedule", "team=llm:NoSchedule")),
        (Taint("team", "", "NoExecute"), ("team", "team=", "team:NoExecute")),
    ],
)
def test_what_a_notice_says_of_a_taint_tolerates_it_and_so_does_less(taint: Taint, texts: tuple[str, ...]):
    for text in (str(taint), *texts):
        assert parse_toleration(text).tolerates(taint)
    for text in ("other", "team=db", "team:PreferNoSchedule"):
        assert not parse_toleration(text).tolerates(taint)


def test_a_tainted_node_is_planned_on_for_whoever_tolerates_all_of_its_taints():
    taints = [{"key": "team", "value": "llm", "effect": "NoSchedule"}, {"key": "spot", "effect": "NoExecute"}]
    seen = Seen("lab", (node("a", A100_LABELS, gpus=8, spec={"taints": taints}),))

    def planned(*texts: str) -> tuple[int, tuple[str, ...]]:
        site, notices = cluster_site(seen, TABLE, Tenant(tolerations=tuple(map(parse_toleration, texts))))
        return len(site.hosts), notices

    assert planned("team", "spot") == (1, ())
    assert planned("team=llm") == (0, ("1 node (a) not planned on: tainted spot:NoExecute",))
