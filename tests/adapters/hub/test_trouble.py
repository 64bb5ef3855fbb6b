"""A hub that is down, busy or closed."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from orchestrator.adapters import hub as hub_module
from orchestrator.adapters.hub import Hub
from orchestrator.adapters.hub_weights import HubWeights
from orchestrator.core.errors import SettingsError
from tests.adapters.hub.runs import FILE, REPO, fetch, refusal
from tests.adapters.hub_stand_in import HubStandIn
from tests.adapters.model_samples import gguf_profile


def test_a_hub_that_is_down_does_not_matter_when_the_files_are_here(
    stand_in: HubStandIn, new_source: Callable[..., HubWeights], body: bytes
) -> None:
    stand_in.commit(REPO, {FILE: body})
    before = fetch(new_source())
    stand_in.stop()
    source = new_source()
    assert source.holds(gguf_profile()).on_disk
    assert fetch(source) == before


def test_a_hub_that_is_down_is_named_with_the_ways_on(stand_in: HubStandIn, source: HubWeights, body: bytes) -> None:
    stand_in.stop()
    answer = source.holds(gguf_profile())
    assert (answer.obtainable, answer.on_disk) == (False, False)
    refused = refusal(source)
    assert f"{FILE} is not in {source.root}" in refused.message
    assert f"127.0.0.1:{stand_in.port} cannot be reached" in refused.message
    assert refused.hint is not None
    for way in ("qorch pull sample-gguf", "--weights", "HF_ENDPOINT"):
        assert way in refused.hint


def test_whether_the_hub_answers_is_asked_once_for_all_profiles_and_only_when_needed(
    stand_in: HubStandIn, new_source: Callable[..., HubWeights], body: bytes
) -> None:
    stand_in.commit(REPO, {FILE: body})
    fetch(new_source())
    source = new_source()
    stand_in.requests.clear()
    assert source.holds(gguf_profile()).on_disk
    assert stand_in.requests == []
    for n in range(5):
        assert source.holds(gguf_profile(file=f"Other-{n}.gguf")).obtainable
    assert [(request.method, request.path) for request in stand_in.requests] == [("HEAD", "/")]


def test_a_hub_that_never_answers_costs_no_more_than_the_probe_timeout(
    new_source: Callable[..., HubWeights], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "PROBE_TIMEOUT_S", 0.2)
    monkeypatch.setattr(Hub, "_probe", lambda self: time.sleep(5))
    started = time.monotonic()
    answer = new_source().holds(gguf_profile())
    assert time.monotonic() - started < 2
    assert "did not answer within 0.2 s" in answer.reason


def test_offline_mode_is_respected(stand_in: HubStandIn, new_source: Callable[..., HubWeights], body: bytes) -> None:
    stand_in.commit(REPO, {FILE: body})
    source = new_source(offline=True)
    assert not source.holds(gguf_profile()).obtainable
    assert "HF_HUB_OFFLINE" in refusal(source).message
    assert stand_in.requests == []


@pytest.mark.parametrize("status", [429, 503])
def test_a_hub_that_turns_everyone_away_is_not_waited_for(
    stand_in: HubStandIn, source: HubWeights, status: int
) -> None:
    stand_in.fault("/", status=status, times=100)
    assert f"answers {status}" in source.holds(gguf_profile()).reason


def test_too_many_requests_for_a_moment_are_waited_out(
    stand_in: HubStandIn, new_source: Callable[..., HubWeights], body: bytes
) -> None:
    stand_in.commit(REPO, {FILE: body})
    stand_in.fault("/resolve/", status=429, times=2, headers={"Retry-After": "7"})
    waits: list[float] = []
    source = new_source()
    source.hub._sleep = waits.append
    assert fetch(source).path.read_bytes() == body
    assert waits == [7, 7]


def test_too_many_requests_for_long_are_reported(stand_in: HubStandIn, source: HubWeights, body: bytes) -> None:
    stand_in.commit(REPO, {FILE: body})
    stand_in.fault("/resolve/", status=429, times=2, headers={"Retry-After": "3600"})
    assert "answered 429" in refusal(source).message
    stand_in.fault("/api/", status=429, times=100)
    assert "too many requests" in refusal(source, gguf_profile(repo="other/Repo")).message


def test_a_gated_repository_says_how_to_ask_for_access(
    stand_in: HubStandIn,
    new_source: Callable[..., HubWeights],
    body: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stand_in.commit(REPO, {FILE: body})
    stand_in.gated.add(REPO)
    for token in (None, "hf_bad"):
        if token:
            monkeypatch.setenv("HF_TOKEN", token)
        refused = refusal(new_source())
        assert "is gated" in refused.message
        assert refused.hint == f"ask for access at 127.0.0.1:{stand_in.port}/{REPO}, then: export HF_TOKEN=hf_…"
    monkeypatch.setenv("HF_TOKEN", stand_in.token)
    fetch(new_source())


def test_the_token_does_not_leave_the_hub_for_the_cdn(
    stand_in: HubStandIn, source: HubWeights, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", stand_in.token)
    stand_in.commit(REPO, {FILE: body})
    fetch(source)
    assert {request.authorization for request in stand_in.asked("/resolve/")} == {"Bearer hf_good"}
    assert {request.authorization for request in stand_in.asked("/cdn/")} == {None}


def test_a_repository_that_does_not_exist_is_said_so(source: HubWeights) -> None:
    refused = refusal(source)
    assert "no such repository" in refused.message
    assert "HF_TOKEN" in str(refused.hint)


def test_a_captive_portal_is_not_taken_for_a_hub(stand_in: HubStandIn, source: HubWeights) -> None:
    stand_in.fault("/api/", status=200)
    assert "did not answer for unsloth/Sample-GGUF at main as a hub does" in refusal(source).message


@pytest.mark.parametrize("endpoint", ["huggingface.co", "ftp://hub", "http://[bad", "http://host:port"])
def test_an_endpoint_that_is_no_url_is_a_settings_error(endpoint: str) -> None:
    with pytest.raises(SettingsError, match="HF_ENDPOINT"):
        Hub(endpoint)
