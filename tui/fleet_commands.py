"""The commands behind a fleet, by their words: what is planned for it, and what changes it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from orchestrator.core.errors import EnvironmentNotReady, UsageError
from orchestrator.core.fleet import command
from orchestrator.core.live.snapshot import Snapshot

Words = tuple[str, ...]
SET = ("--fleet", "--wait", "--timeout", "--kubeconfig", "--kube-context", "--namespace")  # by the dashboard


@dataclass(frozen=True)
class FleetCommands:
    """Of one fleet; `changes_allowed` says whether it may be changed from here."""

    fleet: str
    changes_allowed: bool = False
    where: Words = ()  # the options that name its cluster; none for this host

    def plan(self, snapshot: Snapshot) -> tuple[Words, ...]:
        """The plan for what runs, then all the arithmetic of it."""
        profiles = [name for name in snapshot.profile.split(" + ") if name]
        explained = tuple(("plan", "--profile", name, "--explain", name, *self.where) for name in profiles)
        return (("plan", *_only(profiles), "--all", *self.where), *explained)

    def diff(self, snapshot: Snapshot) -> tuple[Words, ...]:
        """What runs against the plan for it, and against the plan for the best that fits.

        Raises EnvironmentNotReady for a fleet in a cluster, which `up` compares with what it would apply.
        """
        if self.where:
            hint = command("up --diff", self.fleet, shlex.join(self.where))
            raise EnvironmentNotReady("only a fleet of this host is compared with a plan here", hint=hint)
        profiles = [name for name in snapshot.profile.split(" + ") if name]
        compared = ("plan", "--diff", "--fleet", self.fleet)
        return tuple(dict.fromkeys(((*compared, *_only(profiles)), compared)))

    def change(self, verb: str, typed: str) -> Words:
        """Raises EnvironmentNotReady where nothing may be changed, UsageError for words that cannot be read."""
        if not self.changes_allowed:
            raise EnvironmentNotReady("this dashboard only looks", hint="qorch top --allow-changes")
        try:
            words = shlex.split(typed)
        except ValueError as wrong:
            raise UsageError(f"{typed!r} cannot be read: {wrong}", hint=":scale 3") from wrong
        if refused := [word for word in words if word.split("=")[0] in SET or word.startswith("-n")]:
            raise UsageError(f"{refused[0]} is set already: the fleet is {self.fleet}", hint=":scale 3")
        return (verb, *words, "--fleet", self.fleet, *self.where, *_waits(verb, words))

    def logs(self, replica_id: str) -> str:
        """What shows the log of a replica, as a person would type it."""
        return command(shlex.join(("logs", replica_id)), self.fleet, shlex.join(self.where))


def _waits(verb: str, words: list[str]) -> Words:
    """Several replicas are restarted one after the other by the command itself, which has to stay for it."""
    one_by_one = verb == "restart" and ("--all" in words or sum(not word.startswith("-") for word in words) > 1)
    return () if one_by_one else ("--no-wait",)


def _only(profiles: list[str]) -> Words:
    return ("--profile", profiles[0]) if len(profiles) == 1 else ()
