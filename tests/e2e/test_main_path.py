"""What a person does on a machine without a GPU: up, ask, look, scale, down."""

from __future__ import annotations

import json
import subprocess
import threading
from pathlib import Path

import httpx
import openai
import psutil
import pytest
import yaml

from orchestrator.adapters.fleet_files import FleetFiles
from orchestrator.adapters.ray_head import ray_folder
from tests.e2e.real_fleet import RealFleet

pytestmark = pytest.mark.e2e


@pytest.fixture
def client(fleet: RealFleet) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{fleet.url}/v1", api_key="none", max_retries=0)


def test_up_again_changes_nothing_and_says_so(fleet: RealFleet) -> None:
    before = {process.pid for process in fleet.processes()}
    done = fleet.up()
    assert "nothing to change" in done.stderr
    assert done.stdout.strip() == f"{fleet.url}/v1"
    assert {process.pid for process in fleet.processes()} == before


def test_up_with_other_wishes_leaves_the_fleet_alone_and_names_them(fleet: RealFleet) -> None:
    done = fleet.qorch("up", "--profile", "auto", "--port", str(fleet.port), "--context", "2048")
    assert done.returncode == 4
    assert "context: None runs, 2048 is asked for" in done.stderr
    assert fleet.status()["phase"] == "Ready"


def test_curl_gets_a_chat_completion_with_usage(fleet: RealFleet) -> None:
    body = '{"model": "demo", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 8}'
    command = ["curl", "-sS", "--fail", f"{fleet.url}/v1/chat/completions", "-d", body]
    answer = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout)
    assert answer["object"] == "chat.completion"
    assert answer["usage"]["completion_tokens"] <= 8
    assert answer["usage"]["total_tokens"] == answer["usage"]["prompt_tokens"] + answer["usage"]["completion_tokens"]


def test_the_openai_client_streams_a_chat(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="demo",
        messages=[{"role": "user", "content": "Hello"}],
        max_tokens=12,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    usage = chunks[-1].usage
    assert usage is not None
    assert 0 < usage.completion_tokens <= 12


def test_the_openai_client_completes_and_lists_models(client: openai.OpenAI) -> None:
    answer = client.completions.create(model="demo", prompt="hello", max_tokens=4)
    assert answer.choices[0].text
    assert [model.id for model in client.models.list()] == ["demo", "demo-gguf"]


def test_an_unknown_model_is_refused_as_openai_does(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as raised:
        client.completions.create(model="gpt-4", prompt="hello")
    assert raised.value.code == "model_not_found"


def test_the_engines_own_routes_are_out_of_reach(fleet: RealFleet) -> None:
    for path in ("/slots", "/props", "/tokenize", "/v1/embeddings", "/qorch/v1/look"):
        assert httpx.get(f"{fleet.url}{path}").status_code in (401, 404)


def test_health_ready_and_metrics_answer(fleet: RealFleet) -> None:
    assert httpx.get(f"{fleet.url}/health").status_code == 200
    assert httpx.get(f"{fleet.url}/ready").status_code == 200
    assert 'qorch_engine_ready{replica="' in httpx.get(f"{fleet.url}/metrics").text


def test_status_is_the_same_in_every_format(fleet: RealFleet) -> None:
    data = fleet.status()
    assert yaml.safe_load(fleet.qorch("status", "-o", "yaml").stdout)["endpoint"] == data["endpoint"]
    assert fleet.qorch("status", "-o", "name").stdout.split() == [row["replica_id"] for row in fleet.engines()]
    text = fleet.qorch("status").stdout
    assert "Ready  1/1 ready  demo-gguf on llama.cpp" in text


def test_bench_fit_holds_the_plan_against_the_engine_and_writes_a_report(fleet: RealFleet, tmp_path: Path) -> None:
    page = tmp_path / "fit.md"
    found = json.loads(fleet.qorch("bench", "fit", "-o", "json", "--report", str(page)).stdout)
    figures = {each["figure"]: each for each in found["comparisons"]}
    assert 0 < figures["memory of a replica"]["measured"] <= figures["memory of a replica"]["predicted"]
    assert figures["one stream"]["measured"] > 0
    assert "| one stream |" in page.read_text()
    engine = next(replica["engine"] for replica in fleet.status()["replicas"] if replica["engine"])
    assert engine["generation_s_total"] > 0


def test_logs_show_the_engines_own_log(fleet: RealFleet) -> None:
    done = fleet.qorch("logs", fleet.engines()[0]["replica_id"])
    assert "llama" in done.stdout
    assert fleet.qorch("logs", "nobody").returncode == 2


def test_nothing_of_the_fleet_listens_beyond_loopback(fleet: RealFleet) -> None:
    pids = {process.pid for process in fleet.processes()}
    listening = [c for c in psutil.net_connections("inet") if c.pid in pids and c.status == psutil.CONN_LISTEN]
    assert len(listening) > 5
    assert {c.laddr.ip.removeprefix("::ffff:") for c in listening} == {"127.0.0.1"}


def test_rays_dashboard_wants_the_fleets_token_and_files_are_private(fleet: RealFleet) -> None:
    files = FleetFiles(fleet.home / "state", fleet.name)
    record = files.read()
    assert record is not None
    url = f"http://127.0.0.1:{record.dashboard_port}/api/serve/applications/"
    assert httpx.get(url).status_code == 401
    for path in (files.ray_token_path, files.admin_token_path, files.record_path):
        assert path.stat().st_mode & 0o077 == 0


def test_no_prompt_is_written_anywhere(fleet: RealFleet) -> None:
    canary = "xylophone-7c1f"
    assert fleet.complete(prompt=f"tell me of the {canary}", max_tokens=8).status_code == 200
    assert fleet.complete(prompt=f"{canary}", max_tokens=0).status_code == 400
    for folder in (Path(fleet.mark), ray_folder(fleet.mark)):
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert len(files) > 3
        assert [path for path in files if canary.encode() in path.read_bytes()] == []


def test_scaling_up_and_down_fails_no_request(fleet: RealFleet) -> None:
    failures, stop = [], threading.Event()

    def ask() -> None:
        while not stop.is_set():
            status = fleet.complete(max_tokens=32).status_code
            if status != 200:
                failures.append(status)

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    scaled = [fleet.qorch("scale", "2"), fleet.qorch("scale", "1")]
    stop.set()
    for thread in asking:
        thread.join()
    assert [done.returncode for done in scaled] == [0, 0], [done.stderr for done in scaled]
    assert failures == []
    assert len(fleet.engines()) == 1


def test_a_fixed_number_follows_the_load_from_now_on_without_a_restart(fleet: RealFleet) -> None:
    (before,) = (each["replica_id"] for each in fleet.engines())
    opened = fleet.qorch("scale", "--max", "2")
    said = fleet.qorch("status").stdout
    fixed = fleet.qorch("scale", "1")
    assert (opened.returncode, fixed.returncode) == (0, 0), opened.stderr + fixed.stderr
    assert "(1..2)" in said
    assert "goal: 99.9% of requests taken within 2 s" in said
    assert [each["replica_id"] for each in fleet.engines()] == [before]


def test_two_fleets_live_side_by_side(fleet: RealFleet) -> None:
    other = RealFleet(fleet.home, "other")
    try:
        other.up()
        assert other.complete().status_code == fleet.complete().status_code == 200
    finally:
        assert other.qorch("down").returncode == 0
    assert other.processes() == []
    assert fleet.complete().status_code == 200


def test_a_key_opens_the_door_and_a_revoked_one_does_not(fleet: RealFleet) -> None:
    key = fleet.qorch("keys", "create", "test").stdout.strip()
    assert fleet.complete().status_code == 401
    headers = {"Authorization": f"Bearer {key}"}
    assert httpx.get(f"{fleet.url}/v1/models", headers=headers).status_code == 200
    fleet.qorch("keys", "revoke", key.split("_")[1])
    assert httpx.get(f"{fleet.url}/v1/models", headers=headers).status_code == 401
    (fleet.home / "config" / "keys.json").unlink()
    assert fleet.complete().status_code == 200


def test_nobody_else_reaches_rays_sockets(fleet: RealFleet) -> None:
    """Ray lets everybody write into its own folders, so what holds them is private."""
    folder = ray_folder(fleet.mark)
    assert folder.stat().st_mode & 0o077 == 0
    assert any(path.is_socket() for path in folder.rglob("*"))
