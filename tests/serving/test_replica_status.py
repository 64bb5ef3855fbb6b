"""What a replica tells of itself survives the way to the gateway, and another version's is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.serving.replica_status import ReplicaStatus, replica_status, status_data
from tests.serving.conftest import replica

STATUS = replace(replica("r0", 40000), devices=("GPU-1", "MIG-2"), kv_cache_usage=0.5, prefix_cache_hits_total=7)


def crossed(status: ReplicaStatus) -> ReplicaStatus:
    return replica_status(json.loads(json.dumps(status_data(status))))


@given(
    devices=st.lists(st.text(max_size=8), max_size=3).map(tuple),
    kv_cache_usage=st.none() | st.floats(0, 1),
    prefix_cache_queries_total=st.none() | st.integers(0),
    prefix_cache_hits_total=st.none() | st.integers(0),
    revision=st.text(max_size=20),
    start_steps=st.dictionaries(st.text(max_size=8), st.floats(0, 1e6), max_size=3),
    ready=st.booleans(),
)
def test_a_status_arrives_as_it_was_sent(**fields: object) -> None:
    status = replace(STATUS, **fields)  # type: ignore[arg-type]
    assert crossed(status) == status


@pytest.mark.parametrize("name", list(ReplicaStatus.__dataclass_fields__))
def test_a_status_without_one_of_its_fields_is_another_versions(name: str) -> None:
    told = {field: value for field, value in status_data(STATUS).items() if field != name}
    with pytest.raises(KeyError):
        replica_status(told)


@pytest.mark.parametrize(("name", "value"), [("port", "many"), ("devices", None), ("load_s", None)])
def test_a_status_whose_fields_are_of_another_kind_is_another_versions(name: str, value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        replica_status({**status_data(STATUS), name: value})
