"""The options that say what to run, as one `Wish`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from click.core import ParameterSource

from orchestrator.cli.loras import parse_loras
from orchestrator.cli.options import option
from orchestrator.cli.prices import read_prices
from orchestrator.core.device import Device
from orchestrator.core.errors import UsageError
from orchestrator.core.lora import Lora, loras_text
from orchestrator.core.objective import Objective
from orchestrator.core.order_diff import of_all
from orchestrator.core.parallel import TENSOR_PARALLEL_SIZES
from orchestrator.core.planned import Planned
from orchestrator.core.profile import EngineName
from orchestrator.core.replica_bounds import ReplicaBounds, checked_bounds
from orchestrator.core.vllm_guards import MOST_SPECULATIVE_TOKENS
from orchestrator.core.wish import Prices, Wish

ALWAYS_SAID = ("lora", "speculative-tokens")  # a plan without them means none
BOUNDS_HINT = "qorch up --min-replicas 1 --max-replicas 3"


class Tokens(click.IntRange):
    """`--context` is the model's; elsewhere a flag of this name means a cluster's."""

    name = "integer"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as wrong:
            if re.match("[A-Za-z]", str(value)):
                self.fail(f"{value!r} is no number of tokens; a cluster's is --kube-context {value}", param, ctx)
            raise wrong


def _above_zero(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    if value is not None and not (math.isfinite(value) and value > 0):
        raise click.BadParameter(f"expected a number above 0, got {value:g}")
    return value


def _whole(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    return None if value is None else int(value)


def _engine(ctx: click.Context, param: click.Parameter, value: str | None) -> EngineName | None:
    return None if value is None else EngineName(value)


def _device(ctx: click.Context, param: click.Parameter, value: str | None) -> Device | None:
    return None if value is None else Device(value)


def _prices(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> Prices:
    return read_prices(value)


def _loras(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[Lora, ...]:
    return parse_loras(value)


OPTIONS = (
    option(
        "--profile",
        default="auto",
        show_default=True,
        help="auto, a precision (bf16, fp8, gptq, gguf) or a profile's name.",
    ),
    option("--model", help="Only this model, e.g. qwen3.5-9b."),
    option(
        "--for",
        "objective",
        type=click.Choice([each.value for each in Objective]),
        default=Objective.BALANCED.value,
        show_default=True,
        help="What the choice weighs most.",
    ),
    option(
        "--engine",
        type=click.Choice([each.value for each in EngineName]),
        callback=_engine,
        help="Only profiles that this engine runs.",
    ),
    option(
        "--device",
        type=click.Choice([each.value for each in Device]),
        callback=_device,
        help="Only on this; vLLM on a CPU has to be asked for.",
    ),
    option("--context", type=Tokens(min=1), help="Tokens of context (max_model_len)."),
    option("--concurrency", type=click.IntRange(1, 1024), help="Sequences at once (max_num_seqs)."),
    option("--replicas", type=click.IntRange(1, 256), help="Engine replicas."),
    option(
        "--min-replicas",
        type=click.IntRange(0, 256),
        help="Fewest engine replicas, where their number follows the load.  [default: 1]",
    ),
    option("--max-replicas", type=click.IntRange(1, 256), help="Most of them; without it, their number is fixed."),
    option("--min-tok-s", type=float, callback=_above_zero, help="Tokens a second that one stream must reach."),
    option("--max-gpus", type=click.IntRange(min=1), help="GPUs of all replicas together."),
    option(
        "--tensor-parallel-size",
        type=click.Choice([str(size) for size in TENSOR_PARALLEL_SIZES]),
        callback=_whole,
        help="GPUs that each replica is split over.",
    ),
    option(
        "--price",
        "prices",
        multiple=True,
        callback=_prices,
        metavar="NAME=AMOUNT",
        help="What an hour costs, in your currency: of a GPU (a100-80gb=1.80), of any other (gpu=2), of a host that "
        "serves on its CPU (host=0.10). May be repeated.",
    ),
    option(
        "--lora",
        "loras",
        multiple=True,
        callback=_loras,
        metavar="NAME=PATH",
        help="Serve the LoRA adapter in this folder, as PEFT saved it, to requests for NAME. May be repeated.",
    ),
    option(
        "--speculative-tokens",
        type=click.IntRange(0, MOST_SPECULATIVE_TOKENS),
        default=0,
        show_default=True,
        help="Tokens drafted ahead in each pass (multi-token prediction, vLLM only); turns prefix caching off.",
    ),
)


def wish(command: Callable[..., Any]) -> Callable[..., Any]:
    """The verb takes `wish`; the options become it."""

    @wraps(command)
    def with_wish(
        profile: str,
        model: str | None,
        objective: str,
        engine: EngineName | None,
        device: Device | None,
        context: int | None,
        concurrency: int | None,
        replicas: int | None,
        min_replicas: int | None,
        max_replicas: int | None,
        min_tok_s: float | None,
        max_gpus: int | None,
        tensor_parallel_size: int | None,
        prices: Prices,
        loras: tuple[Lora, ...],
        speculative_tokens: int,
        **others: Any,
    ) -> Any:
        bounds = _bounds(replicas, min_replicas, max_replicas)
        made = Wish(
            profile=profile,
            model=model,
            engine=engine,
            device=device,
            max_model_len=context,
            max_num_seqs=concurrency,
            num_replicas=replicas if bounds is None else bounds.max_replicas,
            tensor_parallel_size=tensor_parallel_size,
            objective=Objective(objective),
            min_tok_s=min_tok_s,
            max_gpus=max_gpus,
            prices=prices,
            loras=loras,
            num_speculative_tokens=speculative_tokens,
            bounds=bounds,
        )
        return command(wish=made, **others)

    for each in reversed(OPTIONS):
        with_wish = each(with_wish)
    return with_wish


def _bounds(replicas: int | None, fewest: int | None, most: int | None) -> ReplicaBounds | None:
    """None where the number of replicas is fixed; raises UsageError for what contradicts itself."""
    if most is None and fewest is None:
        return None
    if replicas is not None:
        raise UsageError("--replicas fixes what --min-replicas and --max-replicas leave to the load", hint=BOUNDS_HINT)
    if most is None:
        raise UsageError(f"--min-replicas {fewest} needs --max-replicas: how many there may be", hint=BOUNDS_HINT)
    return checked_bounds(1 if fewest is None else fewest, most, BOUNDS_HINT)


def wish_data(wish: Wish) -> dict[str, Any]:
    """By the options' names; what is left at its default is nothing, so that fleets of older versions compare."""
    return {
        "profile": wish.profile,
        "model": wish.model,
        "for": None if wish.objective is Objective.BALANCED else wish.objective.value,
        "engine": wish.engine and wish.engine.value,
        "device": wish.device and wish.device.value,
        "context": wish.max_model_len,
        "concurrency": wish.max_num_seqs,
        "replicas": None if wish.bounds else wish.num_replicas,
        "min-replicas": wish.bounds and wish.bounds.min_replicas,
        "max-replicas": wish.bounds and wish.bounds.max_replicas,
        "min-tok-s": wish.min_tok_s,
        "max-gpus": wish.max_gpus,
        "tensor-parallel-size": wish.tensor_parallel_size,
        "price": _prices_text(wish.prices),
        "lora": loras_text(wish.loras) or None,
        "speculative-tokens": wish.num_speculative_tokens or None,
    }


def planned_data(planned: tuple[Planned, ...]) -> dict[str, Any]:
    """A plan says all that is to run, and nothing of how it was chosen; that a replica is not split is left out."""
    wishes = [wish_data(each.wish) for each in planned]
    data = {name: of_all(wish[name] for wish in wishes) for name in wishes[0]}
    data["replicas"] = sum(wish["replicas"] for wish in wishes)
    if (bounds := planned[0].bounds) is not None:
        data |= {"replicas": None, "min-replicas": bounds.min_replicas, "max-replicas": bounds.max_replicas}
    if data["tensor-parallel-size"] == 1:
        del data["tensor-parallel-size"]
    return {name: value for name, value in data.items() if value is not None or name in ALWAYS_SAID}


def require_no_wish(ctx: click.Context) -> None:
    """Raises UsageError where an option of the wish was given on the command line, beside a plan."""
    of_wish = click.command()(wish(lambda wish: None)).params
    given = [
        param.opts[0] for param in of_wish if ctx.get_parameter_source(str(param.name)) is ParameterSource.COMMANDLINE
    ]
    if given:
        raise click.UsageError(f"{given[0]} cannot be combined with --plan, which says what runs", ctx)


def _prices_text(prices: Prices) -> str | None:
    others = [("gpu", prices.any_gpu_hour), ("host", prices.host_hour)]
    return ", ".join(f"{name}={hour:g}" for name, hour in (*prices.gpu_hour, *others) if hour is not None) or None
