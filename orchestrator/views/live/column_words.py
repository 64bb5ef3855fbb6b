"""The columns of the fleet's table in full: a name for each, and a sentence of what it says."""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple


class Words(NamedTuple):
    name: str
    says: str


COLUMN_WORDS = MappingProxyType(
    {
        "replica": Words("replica", "its id, as logs and `qorch logs` have it"),
        "state": Words("state", "ready, starting, draining, failed, or unknown where its engine is not seen"),
        "variant": Words("variant", "the deployment of which it is one"),
        "host": Words("host", "where it runs"),
        "gpu": Words("GPUs", "their indices on the host; none on a CPU"),
        "tok_s": Words("tokens/s", "generated tokens a second, over the last half minute"),
        "share": Words("of its share", "tokens/s of what it is to write: its part of the target, or what was planned"),
        "run": Words("running", "requests that its engine decodes"),
        "wait": Words("waiting", "requests in its engine's queue"),
        "tpot": Words("TPOT", "seconds a token of one stream, on average over the last half minute"),
        "ttft": Words("TTFT p50/p99", "from a request's arrival to its first token, over the last half minute"),
        "kv": Words("KV cache", "how much of its pool is in use"),
        "util": Words("GPU busy", "how much of the time its GPUs did something, on average"),
        "memory": Words("memory", "of its GPUs, or of its processes where it has none"),
        "hits": Words("prefix hits", "how much of its prompts it still knew"),
        "errors": Words("errors/min", "requests that it did not answer as it should"),
        "restarts": Words(
            "restarts", "replicas of its variant that ended by themselves since the dashboard was opened"
        ),
        "temp": Words("temperature", "of its hottest GPU"),
        "power": Words("power", "that its GPUs draw, of their limit"),
        "prompt": Words("prompt tokens/s", "tokens of prompts that it reads a second"),
        "load": Words("load", "from its engine's start until that answered"),
        "age": Words("age", "since Ray Serve began to start it"),
        "revision": Words("runs", "the profile, and the engine's version"),
        "reason": Words("reason", "why it is as it is"),
    }
)  # by the names of the columns, which `:sort` takes
