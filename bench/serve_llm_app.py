"""Ray's own way to serve vLLM, for `bench.serve_llm`; run by an interpreter that has Ray and vLLM's CPU build.

It reads what to serve as one line of JSON, prints a line when Serve says that it runs, and ends with its input.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from typing import Any

import ray
from ray import serve
from ray.serve.llm import LLMConfig, build_openai_app
from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.entrypoints.launchers.cli_args import FrontendArgs, make_arg_parser
from vllm.utils.argparse_utils import FlexibleArgumentParser

OBJECT_STORE_BYTES = 80_000_000
LOGICAL_CPUS = 8  # what Ray counts with: a replica and its engine ask for two, each of two ingress replicas for one


def serve_asked() -> None:
    asked = json.loads(sys.stdin.readline())
    ray.init(
        num_cpus=LOGICAL_CPUS, num_gpus=0, include_dashboard=False, log_to_driver=False,
        object_store_memory=OBJECT_STORE_BYTES, _temp_dir=asked["ray_folder"], _node_ip_address="127.0.0.1",
    )  # fmt: skip
    serve.start(proxy_location="HeadOnly", http_options={"host": "127.0.0.1", "port": asked["port"]})
    serve.run(build_openai_app({"llm_configs": [_llm_config(asked["words"], asked["interval_ms"])]}))
    print("running", flush=True)
    sys.stdin.read()


def _llm_config(words: Sequence[str], interval_ms: float | None) -> LLMConfig:
    said = engine_kwargs(words)
    return LLMConfig(
        model_loading_config={"model_id": said.pop("served_model_name")[0], "model_source": words[0]},
        accelerator_config={"kind": "cpu"},
        engine_kwargs=said,
        experimental_configs={} if interval_ms is None else {"stream_batching_interval_ms": interval_ms},
    )


def engine_kwargs(words: Sequence[str]) -> dict[str, Any]:
    """What the words after `vllm serve` say beyond its defaults, under the names of vLLM's Python arguments."""
    parser = make_arg_parser(FlexibleArgumentParser())
    said, default = vars(parser.parse_args(list(words))), vars(parser.parse_args([]))
    names = {field.name for kind in (AsyncEngineArgs, FrontendArgs) for field in dataclasses.fields(kind)}
    return {name: said[name] for name in names & said.keys() - {"model"} if said[name] != default[name]}


if __name__ == "__main__":
    serve_asked()
