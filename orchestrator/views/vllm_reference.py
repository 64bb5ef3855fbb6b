"""Writes what vLLM is started with: `python -m orchestrator.views.vllm_reference > docs/reference/vllm.md`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from orchestrator.core.vllm_arguments import FLAGS
from orchestrator.core.vllm_environment import ENVIRONMENT
from orchestrator.core.vllm_guards import GUARDS
from orchestrator.core.vllm_version import CHECKED_VERSIONS, LEAST_VERSION, LEAST_WHY, dotted_version

HEAD = f"""\
# What vLLM is started with

Written by `python -m orchestrator.views.vllm_reference`; a test holds it to the code.

vLLM {dotted_version(LEAST_VERSION)} or newer is needed: {LEAST_WHY}.

The own parsers of vLLM {" and ".join(CHECKED_VERSIONS)} have taken every list of arguments: each profile's on each
kind of machine, and with LoRA adapters, an FP8 KV cache, multi-token prediction, pipeline stages, and a vision encoder
that is divided, whole or left out. To ask the vLLM of an interpreter:
`QORCH_VLLM_PYTHON=PYTHON pytest -m heavy tests/vllm/test_argument_parser.py`.
"""


def page() -> str:
    """Flags, variables and guards, in their order."""
    sections = (
        ("Flags", ("flag", "why"), ((f"`{row.name}`", row.why) for row in FLAGS)),
        ("Environment", ("variable", "why"), ((f"`{row.name}`", row.why) for row in ENVIRONMENT)),
        ("Guards", ("what", "effect", "why", "source"), ((g.name, g.effect, g.why, g.source) for g in GUARDS)),
    )
    return HEAD + "".join(line for section in sections for line in _section(*section))


def _section(title: str, headers: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"\n## {title}\n\n"
    for cells in (headers, ("---",) * len(headers), *rows):
        yield f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    print(page(), end="")
