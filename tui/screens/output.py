"""What commands of the command line write, as they write it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from textual import work
from textual.widget import Widget

from orchestrator.views.live.span import Line, Span, Tone, text_of
from tui import children
from tui.screens.base import TopScreen
from tui.widgets.lines import Lines
from tui.widgets.page import Page

KEPT = 5_000  # lines
Words = Sequence[str]


class OutputScreen(TopScreen):
    """Runs commands that only look, one after the other; they end with it."""

    def __init__(self, title: str, commands: Iterable[Words]) -> None:
        super().__init__()
        self._title, self._commands = title, tuple(commands)
        self._lines: deque[Line] = deque(maxlen=KEPT)

    def content(self) -> Iterable[Widget]:
        yield Lines(id="title")
        yield Page(id="page")

    def on_mount(self) -> None:
        if self._commands:
            self._run_all()

    def copied(self) -> str:
        return "\n".join(map(text_of, self._lines))

    @work(exclusive=True)
    async def _run_all(self) -> None:
        self.show_state("runs")
        for words in self._commands:
            await self.run(words)
        self.show_state("done")

    async def run(self, words: Words) -> int:
        """Show the command, what it writes, and how it ended where that was not well."""
        self._add((Span(f"$ {children.shown(words)}", Tone.HEAD),))
        code = await children.run(words, max(40, self.size.width - 2), lambda text: self._add((Span(text),)))
        self._add((Span(f"ended with {code}", Tone.WARN),) if code else ())
        return code

    def show_state(self, state: str) -> None:
        self.query_one("#title", Lines).show([(Span(self._title, Tone.HEAD), Span(f"  {state}", Tone.DIM))])

    def _add(self, line: Line) -> None:
        self._lines.append(line)
        self.query_one(Page).show(self._lines)
