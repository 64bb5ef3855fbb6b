"""An engine's own counts of tokens, taken out of its stream: it is always asked for them, its client may not have.

vLLM, llama.cpp and Ollama tell them in an event of their own near the end, as the OpenAI API has it; llama.cpp counts
each choice on its own, so that completions are summed.
"""

from __future__ import annotations

import json
from typing import Any

USAGE = b'"usage":{'  # what a model says is within a string, where the quotes are escaped
NO_CHOICES = b'"choices":[]'
END = b"\n\n"


class UsageEvents:
    """`hidden` says that the client did not ask for them, and so shall not see them."""

    def __init__(self, hidden: bool) -> None:
        self._hidden = hidden
        self.prompt_tokens: int | None = None
        self.generation_tokens: int | None = None

    def pass_on(self, events: bytes) -> bytes:
        """Whole events, for the client; this is on the path of every token."""
        if USAGE not in events:
            return events
        return b"".join(event + END for event in events.split(END) if event and not self._keeps(event))

    def add(self, usage: Any) -> None:
        """Counts that make no sense are none."""
        if isinstance(usage, dict):
            prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
            if type(prompt) is int and type(completion) is int:
                self.prompt_tokens = prompt
                self.generation_tokens = (self.generation_tokens or 0) + completion

    def _keeps(self, event: bytes) -> bool:
        """Whether an event is for the gateway alone; its counts are taken either way."""
        if USAGE not in event:
            return False
        try:
            self.add(json.loads(event.removeprefix(b"data: ")).get("usage"))
        except (ValueError, AttributeError):
            return False
        return self._hidden and NO_CHOICES in event
