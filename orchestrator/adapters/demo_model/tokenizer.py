"""A real tokenizer in Qwen's style: byte-level BPE over 256 bytes, a few hundred merges, the special tokens."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

WORDS = (
    "the and of to in is that it for on with as was are be this have from or by not but at which you they one all "
    "we can there has more if will would what when who so no out up into your them than some could time its about "
    "model models token tokens serve replica replicas engine memory cache queue prompt stream state layer layers "
    "attention linear hybrid weight weights random demo gateway fleet scale load cluster host edge deploy ready "
    "throughput latency batch context window system user assistant message small large fast slow first last next "
    "number value result answer question word words line code data file test run start stop work make made take "
    "good new long great little own other old right big high different early young important few public same able"
)

END_OF_TEXT, IM_START, IM_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
CONTROLS = (
    END_OF_TEXT, IM_START, IM_END, "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
SPECIALS = (
    *CONTROLS, "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>",
)  # fmt: skip

# Qwen 3.5 splits text with this expression before it merges (llama.cpp knows it as the pre-tokenizer "qwen35").
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)

# ChatML. `enable_thinking` opens a thought; without it the answer comes at once.
CHAT_TEMPLATE = """\
{%- macro text(content) %}
{%- if content is string %}{{- content }}
{%- elif content %}{%- for part in content %}
{%- if part.type in ('image', 'image_url') %}{{- '<|vision_start|><|image_pad|><|vision_end|>' }}
{%- else %}{{- part.text or '' }}{%- endif %}
{%- endfor %}{%- endif %}
{%- endmacro %}
{%- if tools %}
{{- '<|im_start|>system\\nYou may call these functions:\\n' }}
{%- for tool in tools %}{{- tool | tojson }}{{- '\\n' }}{%- endfor %}
{{- '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
{{- '<|im_start|>' }}
{%- if message.role == 'tool' %}
{{- 'user\\n<tool_response>\\n' + text(message.content) + '\\n</tool_response>' }}
{%- else %}
{{- message.role + '\\n' + text(message.content) }}
{%- endif %}
{%- for call in message.tool_calls or [] %}
{{- '<tool_call>\\n' }}{{- call.function | tojson }}{{- '\\n</tool_call>' }}
{%- endfor %}
{{- '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\\n' }}
{%- if enable_thinking is defined and enable_thinking %}{{- '<think>\\n' }}{%- endif %}
{%- endif %}
"""


@dataclass(frozen=True)
class Tokenizer:
    """Tokens in the order of their ids, and the merges in the order of their rank ("a b")."""

    tokens: tuple[str, ...]
    merges: tuple[str, ...]

    @property
    def ids(self) -> dict[str, int]:
        return {token: number for number, token in enumerate(self.tokens)}

    def is_special(self, token_id: int) -> bool:
        return token_id >= len(self.tokens) - len(SPECIALS)

    def is_printable(self, token_id: int) -> bool:
        """Whether a stream can show the token at once: printable ASCII, but no "<", which may begin a mark."""
        text = token_bytes(self.tokens[token_id])
        return not self.is_special(token_id) and all(32 <= byte < 127 and byte != ord("<") for byte in text)


@cache
def demo_tokenizer() -> Tokenizer:
    """Each word grows letter by letter; words after a space merge first, so that those in a text stay whole."""
    space, words = byte_letters()[ord(" ")], WORDS.split()
    tokens = list(byte_letters().values())
    merges = []
    for spelled in (*(space + word for word in words), *words):
        for end in range(2, len(spelled) + 1):
            if spelled[:end] not in tokens:
                tokens.append(spelled[:end])
                merges.append(f"{spelled[: end - 1]} {spelled[end - 1]}")
    return Tokenizer((*tokens, *SPECIALS), tuple(merges))


@cache
def byte_letters() -> dict[int, str]:
    """The visible letter that byte-level BPE (GPT-2's alphabet) writes for each byte."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in plain]
    return {**{byte: chr(byte) for byte in plain}, **{byte: chr(256 + n) for n, byte in enumerate(others)}}


def token_bytes(token: str) -> bytes:
    """The bytes that a token of ordinary text stands for; what is not in the alphabet becomes nothing."""
    letters = {letter: byte for byte, letter in byte_letters().items()}
    return bytes(letters[letter] for letter in token if letter in letters)
