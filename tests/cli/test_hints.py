"""Hints name the verb that was run, where it takes the same options."""

from __future__ import annotations

import click
import pytest

from orchestrator.cli.hints import of_verb
from orchestrator.cli.root import root
from tests.cli.conftest import Qorch

PAIR = ("--hardware", "a100-80gb:2")


@pytest.mark.parametrize("verb", ["plan", "render"])
@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (("--min-replicas", "2"), "--min-replicas 1 --max-replicas 3"),
        (("--min-replicas", "3", "--max-replicas", "9"), "--min-replicas 2 --max-replicas 2"),
    ],
)
def test_a_refusal_hints_at_the_verb_that_was_run(qorch: Qorch, verb: str, options: tuple[str, ...], hint: str):
    done = qorch(verb, *PAIR, *options)
    assert done.code in (2, 3)
    assert done.hint == f"qorch {verb} {hint}"


@pytest.mark.parametrize(
    ("verb", "hint", "said"),
    [
        ("plan", "qorch up --replicas 2", "qorch plan --replicas 2"),
        ("plan", "qorch up --price=gpu=2 --replicas 2", "qorch plan --price=gpu=2 --replicas 2"),
        ("plan", "qorch render --gateways 2", "qorch render --gateways 2"),
        ("plan", "qorch up --port 80 --replicas 2", "qorch up --port 80 --replicas 2"),
        ("plan", "qorch doctor", "qorch doctor"),
        ("up", "qorch plan --profile x", "qorch plan --profile x"),
        ("up", "qorch scale --target-ttft 3", "qorch scale --target-ttft 3"),
        ("status", "qorch up --fleet mine", "qorch up --fleet mine"),
        ("plan", "qorch render --help", "qorch render --help"),
        ("plan", "kubectl get nodes --replicas 1", "kubectl get nodes --replicas 1"),
        ("version", "qorch up --replicas 2", "qorch up --replicas 2"),
        ("nonsense", "qorch up --replicas 2", "qorch up --replicas 2"),
    ],
)
def test_only_a_hint_whose_options_the_verb_has_is_said_in_its_words(verb: str, hint: str, said: str):
    context = click.Context(root)
    context.invoked_subcommand = verb
    assert of_verb(hint, root, context) == said
