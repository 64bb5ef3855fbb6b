"""Nodes whose GPUs no label names, asked by a Job."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.accelerators import devices
from orchestrator.core.cluster.cluster_site import Seen, cluster_site
from orchestrator.core.cluster.gpu_labels import needs_probe
from orchestrator.core.cluster.probe_job import probe_job
from orchestrator.core.cluster.probed_gpus import probed_gpus
from orchestrator.core.cluster.requests import NOTHING_REQUESTED, with_requests
from orchestrator.core.inventory import GpuDriver
from tests.core.cluster.objects import A100_LABELS, node, pod_object
from tests.core.cluster.test_gpus import TABLE
from tests.core.machines import A100_80, gpu

CARDS = tuple(gpu(index, *A100_80) for index in range(4))
DRIVER = GpuDriver("580", "13.0")


def test_only_nodes_with_gpus_that_no_label_names_are_asked():
    assert needs_probe(node("a", gpus=2))
    assert not needs_probe(node("a", A100_LABELS, gpus=2))
    assert not needs_probe(node("a"))


def test_what_a_probe_found_is_planned_on_less_what_pods_request():
    nodes = (node("a", gpus=4), node("b", gpus=4))
    seen = Seen(
        "lab", nodes, with_requests(NOTHING_REQUESTED, [pod_object("p", "a", gpu=1)]), probed={"a": (DRIVER, CARDS)}
    )
    site, notices = cluster_site(seen, TABLE)
    assert [len(devices(group.inventory)[0]) for group in site.hosts] == [3, 0]
    assert site.hosts[0].inventory.driver == DRIVER
    assert [notice.partition(" not ")[0] for notice in notices] == ["4 GPUs (b)"]


def test_labels_go_before_what_a_probe_found():
    site, _ = cluster_site(Seen("lab", (node("a", A100_LABELS, gpus=8),), probed={"a": (DRIVER, CARDS)}), TABLE)
    assert len(site.hosts[0].inventory.gpus) == 8


def test_pods_are_taken_to_have_the_gpus_whose_memory_is_most_used():
    used = (CARDS[0], gpu(1, *A100_80, free_gib=3), CARDS[2], gpu(3, *A100_80, free_gib=70))
    assert [one.index for one in probed_gpus(used, 2) if one.hidden is None] == [0, 2]


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789.-", min_size=1, max_size=253))
def test_a_job_has_a_name_that_jobs_may_have_and_goes_to_its_node(name: str):
    job = probe_job(name, "image", "default")
    terms = job["spec"]["template"]["spec"]["affinity"]["nodeAffinity"]
    (field,) = terms["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"][0]["matchFields"]
    assert field["values"] == [name]
    assert len(job["metadata"]["name"]) <= 52
    assert job["metadata"]["name"] != probe_job(name + "x", "image", "default")["metadata"]["name"]
