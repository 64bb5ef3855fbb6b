"""The key file: hashed, private, whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@given(st.text())
def test_no_text_but_the_key_opens(text: str) -> None:
    from orchestrator.core.api_keys import KeyRing, new_key

    ring = KeyRing(b"p", (new_key("0a0a0a0a", "secret", "n", b"p", NOW),))
    assert find_key(text, ring) is None
    assert find_key("qk_0a0a0a0a_secret", ring) == ring.keys[0]
