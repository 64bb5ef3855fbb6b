"""What vLLM's own parser makes of argument lists: a JSON list of lists on stdin, a JSON document on stdout.

Runs in vLLM's environment, so it imports nothing of qorch. Each list goes the way of `vllm serve`: its parser, its
validation, the engine's arguments, and the parsers' names. Nothing is loaded.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from typing import Any

os.environ["VLLM_TARGET_DEVICE"] = "cpu"  # parsing needs no GPU, nor the kernels of one


def main() -> None:
    import vllm
    from vllm.entrypoints.cli.serve import cmd_init
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    lists = json.load(sys.stdin)
    parser = FlexibleArgumentParser(prog="vllm")
    (serve,) = cmd_init()
    serve.subparser_init(parser.add_subparsers(dest="subparser"))
    answers = [parsed(parser, serve, words) for words in lists]
    print(json.dumps({"version": vllm.__version__, "answers": answers}))


def parsed(parser: Any, serve: Any, words: list[str]) -> dict[str, Any]:
    """The values that the server would have, or the error that it would end with."""
    from vllm.engine.arg_utils import AsyncEngineArgs

    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            args = parser.parse_args(["serve", *words])
            serve.validate(args)
        check_names(args)
        engine = AsyncEngineArgs.from_cli_args(args)
    except SystemExit:
        return {"error": said.getvalue().strip().splitlines()[-1]}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    return {"values": {**plain(vars(args)), **plain(vars(engine))}}


def check_names(args: Any) -> None:
    """As the server does when it starts, after it has loaded."""
    from vllm.reasoning import ReasoningParserManager
    from vllm.tool_parsers import ToolParserManager

    ToolParserManager.get_tool_parser(args.tool_call_parser)
    ReasoningParserManager.get_reasoning_parser(args.reasoning_parser)


def plain(values: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(values, default=lambda value: getattr(value, "__dict__", str(value))))


if __name__ == "__main__":
    main()
