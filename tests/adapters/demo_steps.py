"""What llama.cpp says of the demo, token by token: the measure for every other engine over the same weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import xllamacpp

PROMPTS = (
    "a",
    "hello",
    "the model serves tokens to the cluster",
    "Ünïcode, 数字 and 🙂 as well as\nlines",
    "<|im_start|>user\nWhat is 12 + 30?<|im_end|>\n<|im_start|>assistant\n<think>\n",
    "longer than one chunk of 64 tokens: " + "scale the replica and drain the queue; " * 12,
    "longer than one batch of 512 tokens: " + "attention to the state of the layer, 3.5 times; " * 50,
)
TOP = 6
STEPS = 24


@contextmanager
def llama_cpp(path: Path, projector: Path | None = None) -> Iterator[str]:
    """The address of a llama.cpp server over a GGUF file, and over that of its vision encoder."""
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    if projector is not None:
        params.mmproj.path = str(projector)
    params.n_ctx, params.port, params.cache_ram_mib, params.fit_params = 4096, 0, 0, False
    server = xllamacpp.Server(params)
    yield str(server.listening_address)
    del server


def steps(url: str, prompt: str) -> list[dict[str, Any]]:
    """Greedy tokens as llama.cpp picks them: each with its id and the `TOP` most likely at its place."""
    body = {"prompt": prompt, "n_predict": STEPS, "n_probs": TOP, "temperature": 0, "ignore_eos": True}
    answer = httpx.post(f"{url}/completion", json=body, timeout=60).json()
    return list(answer["completion_probabilities"])


def token_ids(url: str, prompt: str) -> list[int]:
    body = {"content": prompt, "parse_special": True}
    return list(httpx.post(f"{url}/tokenize", json=body, timeout=60).json()["tokens"])
