"""API keys: only the key itself opens, and what is stored opens nothing."""

from __future__ import annotations

import hmac
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core import api_keys
from orchestrator.core.api_keys import KeyRing, find_key, hash_secret, new_key, presented

PEPPER = b"pepper"
CREATED = "2026-01-01T00:00:00+00:00"
FIRST = new_key("0a0a0a0a", "first_secret", "first", PEPPER, CREATED)
SECOND = new_key("0b0b0b0b", "second", "second", PEPPER, CREATED)
RING = KeyRing(PEPPER, (FIRST, SECOND))


def test_each_key_opens_as_itself() -> None:
    assert find_key(presented("0a0a0a0a", "first_secret"), RING) is FIRST
    assert find_key(presented("0b0b0b0b", "second"), RING) is SECOND


@given(st.text() | st.text().map(lambda secret: f"qk_0a0a0a0a_{secret}"))
def test_no_other_text_opens(text: str) -> None:
    assert find_key(text, RING) is None


@pytest.mark.parametrize(
    "text",
    [
        "qk_0b0b0b0b_first_secret", "qk_0a0a0a0a_second", "first_secret", "0a0a0a0a_first_secret",
        "QK_0a0a0a0a_first_secret", "qk_0A0A0A0A_first_secret", f"qk_0a0a0a0a_{FIRST.secret_hash}", "qk__first_secret",
    ],
)  # fmt: skip
def test_parts_of_keys_open_nothing(text: str) -> None:
    assert find_key(text, RING) is None


def test_a_revoked_key_opens_nothing_and_the_others_still_do() -> None:
    ring = replace(RING, keys=(replace(FIRST, revoked_at=CREATED), SECOND))
    assert find_key(presented("0a0a0a0a", "first_secret"), ring) is None
    assert find_key(presented("0b0b0b0b", "second"), ring) is SECOND
    assert ring.active == (SECOND,)


def test_another_pepper_makes_all_keys_worthless() -> None:
    assert find_key(presented("0a0a0a0a", "first_secret"), replace(RING, pepper=b"other")) is None


@pytest.mark.parametrize("text", ["qk_0a0a0a0a_wrong", "qk_99999999_wrong", "nonsense", ""])
def test_a_known_and_an_unknown_id_take_the_same_work(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def hashed(secret: str, pepper: bytes) -> str:
        done.append("hash")
        return hash_secret(secret, pepper)

    def compared(one: str, other: str) -> bool:
        done.append(f"compare {len(one)} with {len(other)}")
        return hmac.compare_digest(one, other)

    monkeypatch.setattr(api_keys, "hash_secret", hashed)
    stand_in = {"compare_digest": staticmethod(compared), "new": staticmethod(hmac.new)}
    monkeypatch.setattr(api_keys, "hmac", type("Hmac", (), stand_in))
    assert find_key(text, RING) is None
    assert done == ["hash", "compare 64 with 64"]
