"""The key file: hashed, private, whole."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchestrator.adapters.key_store import KeyStore
from orchestrator.core.api_keys import find_key
from orchestrator.core.errors import EnvironmentNotReady, UsageError

NOW = "2026-01-01T00:00:00+00:00"


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    return KeyStore(tmp_path / "config" / "keys.json")


def test_a_key_opens_until_it_is_revoked(store: KeyStore) -> None:
    first, second = store.create("first", NOW), store.create("second", NOW)
    found = find_key(first, store.read())
    assert found is not None
    assert found.name == "first"
    store.revoke(found.key_id, NOW)
    assert find_key(first, store.read()) is None
    assert find_key(second, store.read()) is not None


def test_the_file_holds_no_secret_and_only_its_owner_reads_it(store: KeyStore) -> None:
    secret = store.create("first", NOW).split("_", 2)[2]
    assert secret not in store.path.read_text()
    assert store.path.stat().st_mode & 0o077 == 0


def test_every_change_is_seen(store: KeyStore) -> None:
    versions = {store.version()}
    for name in ("a", "b"):
        store.create(name, NOW)
        versions.add(store.version())
    assert len(versions) == 3


def test_a_change_is_seen_even_when_the_clock_stood_still(store: KeyStore) -> None:
    store.create("first", NOW)
    before, times = store.version(), store.path.stat()
    store.revoke(store.read().keys[0].key_id, NOW)
    os.utime(store.path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert store.version() != before


def test_changes_made_at_once_are_all_kept(store: KeyStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda number: store.create(str(number), NOW), range(40)))
        list(pool.map(lambda key: store.revoke(key.split("_")[1], NOW), keys[::2]))
    ring = store.read()
    assert [find_key(key, ring) is None for key in keys] == [True, False] * 20
    assert [path.name for path in store.path.parent.iterdir()] == ["keys.json"]


def test_a_key_that_is_not_there_cannot_be_revoked(store: KeyStore) -> None:
    with pytest.raises(UsageError, match="no active key"):
        store.revoke("00000000", NOW)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"pepper": "zz", "keys": []}', '{"pepper": "00", "keys": [{"a": 1}]}']
)
def test_a_damaged_file_is_named_and_never_overwritten(store: KeyStore, text: str) -> None:
    store.path.parent.mkdir()
    store.path.write_text(text)
    with pytest.raises(EnvironmentNotReady, match=r"keys\.json"):
        store.create("first", NOW)
    assert store.path.read_text() == text
