"""Ray Serve's REST API through a stand-in that answers as a real dashboard does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from orchestrator.adapters.ports import free_ports
from orchestrator.adapters.ray_serve import RayServe, read_application
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.replica_bounds import exactly
from orchestrator.core.scaled import bounded
from orchestrator.core.serve_config import serve_config
from tests.adapters.http_stand_in import HttpStandIn, http_stand_in
from tests.adapters.serve_answers import EMPTY, FAILED, ROUTE, answer, deployment, replica
from tests.app.samples import demo_spec


@pytest.fixture
def dashboard() -> Iterator[HttpStandIn]:
    with http_stand_in() as stand_in:
        yield stand_in


@pytest.fixture
def serve(dashboard: HttpStandIn) -> RayServe:
    return RayServe(dashboard.url, "the-token")


class TestObserve:
    def test_an_application_is_read_with_its_replicas(self, dashboard: HttpStandIn, serve: RayServe) -> None:
        dashboard.answers[f"GET {ROUTE}"] = (200, answer("RUNNING", "", replica(), target=2))
        application = serve.observe()
        assert application is not None
        assert (application.status, application.target_num_replicas) == ("RUNNING", 2)
        engine, gateway = application.replicas
        assert (engine.replica_id, engine.deployment, engine.state) == ("cnedz0oj", "engine", "RUNNING")
        assert (engine.pid, engine.node_ip, engine.started_at_s) == (5554, "127.0.0.1", 1795521148.1)
        assert (gateway.replica_id, gateway.deployment) == ("9tyl8ojr", "gateway")

    def test_one_that_is_just_being_deployed_has_no_deployments_yet(self) -> None:
        data = {"status": "DEPLOYING", "message": "", "deployments": {}}
        application = read_application(data)
        assert (application.target_num_replicas, application.replicas) == (0, ())

    def test_a_replica_that_is_still_starting_has_no_process_yet(self) -> None:
        starting = replica(state="STARTING", pid=None)
        application = read_application(answer("DEPLOYING", "", starting)["applications"]["qorch"])
        assert (application.replicas[0].state, application.replicas[0].pid) == ("STARTING", None)

    def test_the_messages_of_the_application_and_of_its_deployments_are_kept(self) -> None:
        data = answer("DEPLOY_FAILED", FAILED)["applications"]["qorch"]
        data["deployments"]["engine"] = deployment("engine", message="of the engine")
        message = read_application(data).message
        assert message == f"{FAILED}\nof the engine"

    def test_where_nothing_is_deployed_there_is_no_application(self, dashboard: HttpStandIn, serve: RayServe) -> None:
        dashboard.answers[f"GET {ROUTE}"] = (200, EMPTY)
        assert serve.observe() is None
        assert serve.answers()

    @pytest.mark.parametrize("status", [401, 500, 503])
    def test_a_dashboard_that_cannot_answer_is_no_application(
        self, dashboard: HttpStandIn, serve: RayServe, status: int
    ) -> None:
        dashboard.answers[f"GET {ROUTE}"] = (status, "no")
        assert serve.observe() is None
        assert not serve.answers()

    def test_nobody_at_all_is_no_application(self) -> None:
        serve = RayServe(f"http://127.0.0.1:{free_ports(1)[0]}", "the-token")
        assert serve.observe() is None
        assert not serve.answers()


class TestDeploy:
    def test_the_config_is_put_with_the_fleets_token(self, dashboard: HttpStandIn, serve: RayServe) -> None:
        dashboard.answers[f"PUT {ROUTE}"] = (200, "")
        serve.deploy(demo_spec())
        (asked,) = dashboard.asked
        assert asked.authorization == "Bearer the-token"
        assert asked.body == json.loads(json.dumps(serve_config(demo_spec())))

    def test_delete_asks_for_nothing_to_run(self, dashboard: HttpStandIn, serve: RayServe) -> None:
        dashboard.answers[f"DELETE {ROUTE}"] = (200, "")
        serve.delete()
        assert [(asked.method, asked.path) for asked in dashboard.asked] == [("DELETE", ROUTE)]

    def test_a_refusal_is_told_in_rays_own_words(self, dashboard: HttpStandIn, serve: RayServe) -> None:
        dashboard.answers[f"PUT {ROUTE}"] = (400, "num_replicas should be greater than 0")
        with pytest.raises(EnvironmentNotReady, match="400 num_replicas should be greater than 0") as raised:
            serve.deploy(demo_spec())
        assert raised.value.hint

    def test_nobody_at_all_is_told_with_the_address(self) -> None:
        url = f"http://127.0.0.1:{free_ports(1)[0]}"
        with pytest.raises(EnvironmentNotReady, match=f"does not answer at {url}"):
            RayServe(url, "the-token").deploy(demo_spec())


class TestConfig:
    def test_the_count_stands_beside_the_arguments_so_that_scaling_restarts_nothing(self) -> None:
        specs = [bounded(demo_spec(), exactly(count)) for count in (1, 2)]
        one, two = (serve_config(spec)["applications"][0] for spec in specs)
        assert one["args"] == two["args"]
        counts = [config["deployments"][0]["autoscaling_config"] for config in (one, two)]
        assert [(count["min_replicas"], count["max_replicas"]) for count in counts] == [(1, 1), (2, 2)]

    def test_no_proxy_of_rays_is_started(self) -> None:
        assert serve_config(demo_spec())["proxy_location"] == "Disabled"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
class TestShapesOfRay:
    """The pinned Ray's own schemas, so that a change there fails here and not at a user's."""

    def test_ray_takes_the_config(self) -> None:
        from ray.serve.config import AutoscalingConfig
        from ray.serve.schema import ServeDeploySchema

        (application,) = ServeDeploySchema.model_validate(serve_config(demo_spec())).applications
        assert application.import_path == "orchestrator.serving.application:build"
        assert AutoscalingConfig.model_validate(application.deployments[0].autoscaling_config).max_replicas == 1

    @pytest.mark.parametrize("recorded", [EMPTY, answer("RUNNING", "", replica()), answer("DEPLOY_FAILED", FAILED)])
    def test_ray_answers_as_the_stand_in_does(self, recorded: dict[str, Any]) -> None:
        from ray.serve.schema import ServeInstanceDetails

        details = ServeInstanceDetails.model_validate(json.loads(json.dumps(recorded)))
        assert set(details.applications) == set(recorded["applications"])

    def test_ray_knows_no_other_status_than_we_do(self) -> None:
        from ray.serve.schema import ApplicationStatus

        known = {"NOT_STARTED", "DEPLOYING", "DEPLOY_FAILED", "RUNNING", "UNHEALTHY", "DELETING"}
        assert {status.value for status in ApplicationStatus} == known
