"""A fleet in a cluster, as the verbs work with one: rendered anew for each change, applied where it differs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from orchestrator.app.cluster_port import FleetCluster
from orchestrator.core.by_hand import ReplicaOrder
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.errors import DeployFailed, EnvironmentNotReady
from orchestrator.core.fleet import Decided, Fleet, command
from orchestrator.core.kuberay.seen import ClusterSeen, cluster_fleet
from orchestrator.core.kuberay.steps import Failure, failure
from orchestrator.core.manifests.changes import Action, Change
from orchestrator.core.manifests.fleet import fleet_objects
from orchestrator.core.manifests.fleet_on_pods import FleetOnPods
from orchestrator.core.manifests.naming import FLEET_LABEL, ROLE_LABEL, Role
from orchestrator.core.pod_deployment import PLACES
from orchestrator.core.profile import Profile

LAST_LINES = 20


class ClusterFleet:
    """Satisfies `orchestrator.app.ports.Running`; `profiles` are all that are known, by name."""

    look_every_s = 2.0  # of which an API server has many requests to answer

    def __init__(self, cluster: FleetCluster, profiles: Mapping[str, Profile], kubeconfig: str | None = None) -> None:
        self.name = cluster.name
        self.cluster = cluster
        self._seen: ClusterSeen | None = None
        self._profiles = profiles
        file = f"--kubeconfig {kubeconfig} " if kubeconfig else ""
        self._options = f"{file}--kube-context {cluster.context} --namespace {cluster.namespace}"
        self.where = f"in {cluster.namespace} of {cluster.context}"

    def command(self, words: str) -> str:
        return command(words, self.name, self._options)

    def locked(self, verb: str) -> AbstractContextManager[None]:
        """The API server lets one writer at a time change an object; nothing is held beyond that."""
        return nullcontext()

    def deployed(self) -> DeploymentSpec | None:
        recorded = self.cluster.recorded()
        return None if recorded is None else recorded.spec

    def apply(self, spec: DeploymentSpec) -> None:
        """Other counts, bounds or goals of what was deployed; raises EnvironmentNotReady where others changed it."""
        self.require_own("scale")
        recorded = self.recorded()
        if found := [each.name for each in self.proposed(recorded) if each.action is not Action.SAME]:
            raise EnvironmentNotReady(
                f"{', '.join(found)} is not as it was deployed, and scaling would change that too",
                hint=self.command("up --diff"),
            )
        self.put(self.proposed(recorded.with_spec(spec)))

    def observe(self) -> Fleet | None:
        seen = self.look()
        return None if seen is None else cluster_fleet(seen)

    def order(self, order: ReplicaOrder) -> None:
        self.cluster.order(order)

    def failure(self) -> DeployFailed | None:
        """By the last look."""
        seen = self._seen or self.look()
        found = None if seen is None else failure(seen)
        return None if found is None else self.told(found)

    # -- what a cluster has besides

    def recorded(self) -> FleetOnPods:
        """What its objects were rendered from; raises EnvironmentNotReady where there is no fleet."""
        found = self.cluster.recorded()
        if found is None:
            raise EnvironmentNotReady(f"there is no fleet {self.name!r}", hint=self.command("up"))
        return found

    def look(self) -> ClusterSeen | None:
        spec = self.deployed()
        self._seen = None if spec is None else self.cluster.look(spec)
        return self._seen

    def decisions(self, since_s: float = 0.0, most: int | None = None) -> tuple[Decided, ...]:
        """The latest since a Unix time, the oldest of them first; raises EnvironmentNotReady."""
        self.recorded()
        try:
            found = [each for each in self.cluster.decisions() if each.at_s >= since_s]
        except EnvironmentNotReady as refused:
            raise EnvironmentNotReady(refused.message, hint=self.in_head("cat", PLACES.scaling_path)) from refused
        return tuple(found if most is None else found[max(0, len(found) - most) :])

    def in_head(self, *words: str) -> str:
        """The `kubectl` command that runs this in the pod of Ray's head."""
        of_head = f"-l {FLEET_LABEL}={self.name},{ROLE_LABEL}={Role.HEAD.value} -o name"
        kubectl = f"kubectl --context {self.cluster.context} -n {self.cluster.namespace}"
        return f"{kubectl} exec $({kubectl} get pods {of_head}) -- {' '.join(words)}"

    @property
    def next_cluster_only(self) -> str:
        """What to know of tolerations that change, with how another Ray cluster is made."""
        kubectl = f"kubectl --context {self.cluster.context} -n {self.cluster.namespace}"
        return (
            "pods have other tolerations from the next Ray cluster on, and KubeRay makes none for them alone; "
            "another --image makes one beside the one that runs, and this one in its place, with a gap in answers: "
            f"{kubectl} delete raycluster -l {FLEET_LABEL}={self.name}"
        )

    def told(self, found: Failure) -> DeployFailed:
        """With the last that the container printed, where one is the cause."""
        hint = f"kubectl --context {self.cluster.context} -n {self.cluster.namespace} describe pod {found.pod}"
        return DeployFailed(
            f"the deployment failed: {found.message}",
            hint=hint if found.pod else self.command("status"),
            log_lines=self._last_lines(found),
        )

    def proposed(self, fleet: FleetOnPods, force: bool = False) -> tuple[Change, ...]:
        settings = replace(fleet.settings, namespace=self.cluster.namespace)
        objects = fleet_objects(replace(fleet, settings=settings), self._profiles)
        return self.cluster.proposed(objects, settings, force)

    def put(self, changes: tuple[Change, ...], force: bool = False) -> None:
        """Raises EnvironmentNotReady, which says what was changed before."""
        done: list[str] = []
        for each in changes:
            try:
                self.cluster.put(each, force)
            except EnvironmentNotReady as refused:
                before = f"; before that: {', '.join(done)}" if done else "; nothing was changed"
                raise EnvironmentNotReady(f"{refused.message}{before}", hint=refused.hint) from refused
            if each.action is not Action.SAME:
                done.append(f"{each.action} {each.name}")

    def require_own(self, verb: str) -> None:
        """Raises EnvironmentNotReady where what is done here would be undone by somebody else."""
        if found := self.cluster.owner():
            raise EnvironmentNotReady(
                f"the fleet {self.name!r} is kept as it is by {found.name}, which would undo `qorch {verb}`",
                hint=found.edit,
            )

    # -- parts

    def _last_lines(self, found: Failure) -> tuple[str, ...]:
        if not found.pod or not found.container:
            return ()
        for previous in (True, False):
            try:
                text = b"".join(
                    self.cluster.log(found.pod, found.container, tail=LAST_LINES, previous=previous, follow=False)
                )
            except EnvironmentNotReady:
                continue
            return tuple(text.decode(errors="replace").splitlines())
        return ()
