"""What is planned on every kind of machine, one row each, with why: a table to be read by people who know them.

`python -m bench.plans` prints the tables and writes docs/measurements/plans.md; a test says when that is not current.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from bench.tables import markdown
from orchestrator.adapters.described_site import parse_site
from orchestrator.adapters.gpu_table import load_gpus, shipped_gpus_dir
from orchestrator.adapters.profile_files import load_profiles, shipped_profiles_dir
from orchestrator.adapters.speed_files import load_speeds, shipped_speeds_dir
from orchestrator.app.plan import make_described_plan
from orchestrator.core.amounts import gib
from orchestrator.core.device import Device
from orchestrator.core.objective import Objective
from orchestrator.core.plan import Fit, FitPlan, Placement
from orchestrator.core.predict import Predictor
from orchestrator.core.wish import Wish

ROOT = Path(__file__).parents[1]
REMARKS: Mapping[str, str] = yaml.safe_load((ROOT / "bench" / "data" / "plan-remarks.yaml").read_text())
PAGE = ROOT / "docs" / "measurements" / "plans.md"
MACHINES: Mapping[str, str] = yaml.safe_load((ROOT / "tests" / "data" / "machines.yaml").read_text())
HEADERS = (
    *("machine", "profile", "where", "replicas", "context", "sequences", "KV cache, requests of the full context"),
    *("needs", "usable", "headroom", "tok/s a stream", "why"),
)
TOLD = ("quality", "device", "headroom")  # steps of the score; speeds have a column of their own
ANY_MODEL = Wish()
ARTICLE = "qwen3.5-72b-a14b"
EVERY_GPU = Wish(model=ARTICLE, num_replicas=2, objective=Objective.QUALITY)


@dataclass(frozen=True)
class Case:
    """A row: what is asked of which hardware."""

    name: str
    hardware: str
    wish: Wish = ANY_MODEL


OPEN = tuple(Case(name, hardware) for name, hardware in MACHINES.items())
PROMISES = (
    Case("two-a100-80gb", "a100-80gb:2", Wish(f"{ARTICLE}-bf16")),
    Case("a6000", "a6000", Wish(f"{ARTICLE}-gptq")),
    Case("l40s", "l40s", Wish(f"{ARTICLE}-gptq")),
    Case("rtx-6000-ada", "rtx-6000-ada", Wish(f"{ARTICLE}-gptq")),
    Case("workstation-64gb", "cpu:16c:64gb", Wish(model=ARTICLE)),
    Case("m3-max-96gb", "m3-max:96gb", Wish(model=ARTICLE)),
    Case("two-a100-80gb-and-a6000", "a100-80gb:2,a6000:1", EVERY_GPU),
)
ASKED = (
    Case("397B in BF16 on 2 hosts of 8 A100", "a100-80gb:8@2", Wish("qwen3.5-397b-a17b-bf16")),
    Case("35B-A3B in GPTQ over 8 A100", "a100-80gb:8", Wish("qwen3.5-35b-a3b-gptq", tensor_parallel_size=8)),
    Case("two A100 and an A6000, two replicas", "a100-80gb:2,a6000:1", Wish(num_replicas=2)),
    Case("8 H100 for throughput", "h100-80gb:8", Wish(objective=Objective.THROUGHPUT)),
    Case("an H100 in seven slices, for throughput", "h100-80gb/mig-1g.10gb:7", Wish(objective=Objective.THROUGHPUT)),
)


def plan_of(case: Case) -> FitPlan:
    """As `qorch plan --hardware` makes it."""
    gpus = load_gpus(shipped_gpus_dir())
    predict = Predictor(gpus, load_speeds(shipped_speeds_dir()))
    site = parse_site(case.hardware, gpus)
    return make_described_plan(load_profiles(shipped_profiles_dir()), site, case.wish, predict)


def rows(case: Case) -> list[tuple[str, ...]]:
    """One row a placement, or one that says why there is none."""
    plan = plan_of(case)
    if not plan.placements:
        return [(case.name, "none", *[""] * (len(HEADERS) - 3), plan.reason)]
    return [_row(case, placement, plan) for placement in plan.placements]


def page() -> str:
    """All tables, with what is surprising in them explained."""
    return f"""# What is planned on every kind of machine

Written by `python -m bench.plans`, for machines that are described, not measured: `--hardware` says them, all weights
and engines count as there, all memory as free. Speeds are [predictions](prediction.md). The KV cache is the one that
vLLM will report when it starts: tokens, and how many requests of the full context they hold. Memory is that of a GPU,
of which the tightest decides; sequences take what the rest leaves, so headroom is small where it is settled by them.

## Every machine, with the model left open

{_table(OPEN)}
## What surprises

{_remarks()}
## The founding article's promises

No source gives the dimensions of its 72B-A14B, so those of Qwen3.5-27B are assumed.

{_table(PROMISES)}
## Asked for by name or objective

{_table(ASKED)}"""


def _table(cases: Iterable[Case]) -> str:
    return markdown(HEADERS, (row for case in cases for row in rows(case)))


def _remarks() -> str:
    return "".join(f"- **{name}**: {remark}\n" for name, remark in REMARKS.items())


def _row(case: Case, placement: Placement, plan: FitPlan) -> tuple[str, ...]:
    fit, memory = placement.fit, placement.fit.memory
    return (
        case.name,
        fit.profile.name,
        _where(fit),
        f"{placement.num_replicas:,}",
        f"{fit.max_model_len:,}",
        str(fit.max_num_seqs),
        f"{fit.pool.kv_cache_tokens:,}, {fit.pool.max_concurrency:.2f}x" if fit.pool else "",
        gib(memory.needed_bytes),
        gib(memory.available_bytes),
        gib(memory.headroom_bytes),
        f"{fit.prediction.decode_tok_s:,.0f}" if fit.prediction else "",
        _why(placement, plan),
    )


def _where(fit: Fit) -> str:
    if fit.device is Device.CPU:
        return "CPU"
    split = f", TP {fit.tensor_parallel_size}" if fit.tensor_parallel_size > 1 else ""
    split += " with whole experts" if fit.vllm.enable_expert_parallel else ""
    split += f", {fit.pipeline_parallel_size} stages" if fit.pipeline_parallel_size > 1 else ""
    return f"{fit.device_name}{split}"


def _why(placement: Placement, plan: FitPlan) -> str:
    """The steps of the score that count, and the next best."""
    steps = [step for step in placement.option.steps if step.weight > 0 and step.name in TOLD]
    others = [one for one in plan.candidates if one.score > 0 and one.profile.name != placement.fit.profile.name]
    then = f"; next {others[0].profile.name} at {others[0].score:.2f}" if others else ""
    return f"score {placement.option.score:.2f}: {'; '.join(step.why for step in steps)}{then}"


def main() -> None:
    PAGE.write_text(page())
    print(page())


if __name__ == "__main__":
    main()
