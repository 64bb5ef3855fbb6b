"""What every screen has: a line for the person, a prompt and a line of keys; and its text, to copy or to write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from orchestrator.core.errors import QorchError
from orchestrator.core.live.snapshot import ReplicaRow, Snapshot
from orchestrator.views.live.span import Span, Tone
from tui.exports import Writer
from tui.keys import bindings_of, foot
from tui.widgets.lines import Lines
from tui.widgets.prompt import Prompt, Question

COPIED_MOST_BYTES = 74_994  # of text: more of it in base64 is longer than the sequences that terminals take


class TopScreen(Screen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "copy", tooltip="Copy what is chosen, or in sight"),
        Binding("escape", "back", "back", tooltip="Back"),
    ]

    note = ""  # of which moment and what recording it is, where it is not of now

    class Ready(Message):
        """A screen has been built, and can show the fleet."""

    def content(self) -> Iterable[Widget]:
        """What this screen shows, above what all screens have."""
        return ()

    def show(self, snapshot: Snapshot, now_s: float) -> None:
        """The fleet as it is now; most screens do not follow it."""

    @property
    def row(self) -> ReplicaRow | None:
        """The replica that this screen is about, or that is chosen on it."""
        return None

    def copied(self) -> str:
        """The text that `c` copies."""
        return ""

    def writers(self) -> Mapping[str, Writer]:
        """By suffix, how a file of what is shown is made."""
        return {".txt": lambda: f"{self.copied()}\n"}

    def compose(self) -> ComposeResult:
        yield from self.content()
        yield Lines(id="message")
        yield Prompt(id="prompt")
        yield Lines(id="keys")

    def on_mount(self) -> None:
        if not self.asks:
            self.rest()
        self.post_message(self.Ready())

    def on_resize(self) -> None:
        text = foot([*self.bindings_here(), *bindings_of(type(self.app))], self.size.width)
        self.query_one("#keys", Lines).show([(Span(text, Tone.DIM),)])

    def bindings_here(self) -> list[Binding]:
        """Of this screen and of what takes its keys."""
        owners = (*(type(each) for each in self._keyed()), type(self))
        return [binding for owner in owners for binding in bindings_of(owner)]

    def _keyed(self) -> list[Widget]:
        return [each for each in self.query("*") if each.can_focus and each.id != "prompt"]

    def rest(self) -> None:
        """Give the keys back to what is shown."""
        self.set_focus(next(iter(self._keyed()), None))

    def tell(self, text: str, tone: Tone = Tone.WARN) -> None:
        """A line for the person, until the next; empty takes it away."""
        message = self.query_one("#message", Lines)
        message.show([(Span(text, tone),)])
        message.set_class(bool(text), "-shown")

    def tell_wrong(self, wrong: QorchError) -> None:
        self.tell(f"✖ {wrong.message}; {wrong.hint}" if wrong.hint else f"✖ {wrong.message}", Tone.BAD)

    # -- the prompt

    @property
    def asks(self) -> bool:
        return any(prompt.question is not None for prompt in self.query(Prompt))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not self.asks if action.startswith("ask_") else super().check_action(action, parameters)

    def ask(self, question: Question) -> None:
        self.query_one(Prompt).ask(question)

    def on_input_submitted(self, event: Prompt.Submitted) -> None:
        question = self.query_one(Prompt).question
        self._end_prompt()
        if question is None:
            return
        try:
            question.then(event.value)
        except QorchError as wrong:
            self.tell_wrong(wrong)

    def on_prompt_left(self, event: Prompt.Left) -> None:
        self._end_prompt()

    def _end_prompt(self) -> None:
        self.query_one(Prompt).end()
        self.rest()

    # -- keys

    def action_back(self) -> None:
        self.dismiss()

    def action_copy(self) -> None:
        text = self.copied()
        size_bytes = len(text.encode())
        if size_bytes > COPIED_MOST_BYTES:
            self.tell(f"{size_bytes:,} bytes are more than a terminal takes ({COPIED_MOST_BYTES:,}); e writes a file")
        elif text:
            self.app.copy_to_clipboard(text)
            self.tell(f"copied, if this terminal lets it: {size_bytes:,} bytes", Tone.DIM)
