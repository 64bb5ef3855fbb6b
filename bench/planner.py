"""How long a plan takes for the whole family, on one host and on sites of up to 10,000 hosts of five kinds.

`python -m bench.planner` prints the tables and writes docs/measurements/planner.md. Groups of equal hosts are looked at
once, so a site of unequal ones is measured too: each host then has GPUs of which others use a part.
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

from bench.tables import markdown, report
from orchestrator.adapters.described_site import parse_site
from orchestrator.adapters.gpu_table import load_gpus, shipped_gpus_dir
from orchestrator.adapters.profile_files import load_profiles, shipped_profiles_dir
from orchestrator.adapters.speed_files import load_speeds, shipped_speeds_dir
from orchestrator.app.plan import make_described_plan
from orchestrator.core.amounts import GIB
from orchestrator.core.inventory import Gpu, HostGroup, Site
from orchestrator.core.objective import Objective
from orchestrator.core.plan import FitPlan
from orchestrator.core.predict import Predictor
from orchestrator.core.site import grouped
from orchestrator.core.wish import Wish

PAGE = Path(__file__).parents[1] / "docs" / "measurements" / "planner.md"
KINDS = ("a100-80gb", "h100-80gb", "l40s", "rtx-4090", "b200")  # of eight GPUs a host
HOSTS = (1, 10, 100, 1_000, 10_000)
UNEQUAL_HOSTS = (5, 10, 50)  # each a group of its own
ROUNDS = 5
HEADERS = ("hosts", "GPUs", "kinds of host", "one replica, s", "every GPU, s", "replicas")
GPUS = load_gpus(shipped_gpus_dir())
PROFILES = load_profiles(shipped_profiles_dir())
PREDICT = Predictor(GPUS, load_speeds(shipped_speeds_dir()))
ONE, ALL = Wish(), Wish(objective=Objective.COST)


def equal_site(hosts: int) -> Site:
    """As even a share of the kinds as there are hosts for."""
    counts = {kind: (hosts + len(KINDS) - 1 - number) // len(KINDS) for number, kind in enumerate(KINDS)}
    return parse_site("; ".join(f"{kind}:8@{count}" for kind, count in counts.items() if count), GPUS)


def unequal_site(hosts: int) -> Site:
    """No two hosts alike: on each of them others use another amount of every GPU."""
    kinds = equal_site(len(KINDS)).hosts
    return grouped(_used(kinds[number % len(KINDS)], number) for number in range(hosts))


def seconds(work: Callable[[], object]) -> float:
    """The median of a few runs."""
    found = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return median(found)


def rows() -> Iterator[tuple[str, ...]]:
    yield from (_row(equal_site(hosts)) for hosts in HOSTS)
    yield from (_row(unequal_site(hosts)) for hosts in UNEQUAL_HOSTS)


def page(found: list[tuple[str, ...]]) -> str:
    seen = f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()} on {sys.platform}, one core"
    return f"""# How long a plan takes

Written by `python -m bench.planner` ({seen}): medians of {ROUNDS} runs, for all {len(PROFILES)} profiles, with
predictions, from a described site to the plan. Hosts have eight GPUs of one of {len(KINDS)} kinds: {", ".join(KINDS)}.

{markdown(HEADERS, found)}
Goal: 1,000 hosts of five kinds under 1 s. Time grows with the kinds of host and not with their number, because equal
hosts are one group. In the last rows no two hosts are alike, so that each is a kind.
"""


def _row(site: Site) -> tuple[str, ...]:
    hosts = sum(group.count for group in site.hosts)
    plans = [seconds(partial(_plan, site, wish)) for wish in (ONE, ALL)]
    replicas = _plan(site, ALL).num_replicas
    times = (f"{each:.3f}" for each in plans)
    return (f"{hosts:,}", f"{8 * hosts:,}", f"{len(site.hosts):,}", *times, f"{replicas:,}")


def _plan(site: Site, wish: Wish) -> FitPlan:
    return make_described_plan(PROFILES, site, wish, PREDICT)


def _used(group: HostGroup, number: int) -> HostGroup:
    gpus = tuple(_less(gpu, number) for gpu in group.inventory.gpus)
    return HostGroup(replace(group.inventory, gpus=gpus))


def _less(gpu: Gpu, number: int) -> Gpu:
    assert isinstance(gpu.memory_free_bytes, int)
    return replace(gpu, memory_free_bytes=gpu.memory_free_bytes - number * GIB // 64)


def main() -> None:
    found = list(rows())
    report("Plans of the whole family", HEADERS, found)
    PAGE.write_text(page(found))


if __name__ == "__main__":
    main()
