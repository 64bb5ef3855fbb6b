"""The llama.cpp server as a process of its own: `python -m orchestrator.adapters.engines.llama_cpp_server`.

Reads its arguments as one JSON line on stdin, writes its address as one JSON line on stdout, logs to stderr,
and ends as soon as stdin closes, so that it never outlives the replica that owns it.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import xllamacpp


def main() -> None:
    arguments = json.loads(sys.stdin.readline())
    announce = os.dup(1)
    os.dup2(2, 1)  # llama.cpp writes some of its log to stdout
    server = xllamacpp.Server(_params(arguments))
    os.write(announce, (json.dumps({"address": server.listening_address}) + "\n").encode())
    os.close(announce)
    while os.read(0, 1):
        pass
    os._exit(0)


def _params(arguments: dict[str, Any]) -> Any:
    params = xllamacpp.CommonParams()
    params.model.path = arguments["model_path"]
    params.model_alias = set(arguments["served_model_names"])
    params.hostnames = [arguments["host"]]
    params.port = arguments["port"]
    params.n_parallel = arguments["max_num_seqs"]
    params.n_ctx = arguments["total_context_tokens"]
    params.kv_unified = True
    params.kv_unified_per_slot = arguments["max_model_len"]
    params.cpuparams.n_threads = arguments["threads"]
    params.cpuparams_batch.n_threads = arguments["threads"]
    params.cache_ram_mib = arguments["prompt_cache_mib"]
    params.n_ctx_checkpoints = arguments["context_checkpoints"]
    params.verbosity = arguments["verbosity"]
    params.endpoint_metrics = True
    params.endpoint_slots = True
    params.ui = False
    params.fit_params = False  # the plan has fitted already
    if arguments["mmproj_path"]:
        params.mmproj.path = arguments["mmproj_path"]
    return params


if __name__ == "__main__":
    main()
