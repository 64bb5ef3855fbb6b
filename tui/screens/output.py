"""What commands of the command line write, as they write it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from textual.widget import Widget

from orchestrator.views.live.span import Line, Span, Tone, text_of
from tui.children import Child, shown
from tui.screens.base import TopScreen
from tui.widgets.lines import Lines
from tui.widgets.page import Page

KEPT = 5_000  # lines
NARROWEST = 40
Words = Sequence[str]


class OutputScreen(TopScreen):
    """Runs commands that only look, one after the other; they end with it."""

    def __init__(self, title: str, commands: Iterable[Words]) -> None:
        super().__init__()
        self._title, self._commands = title, tuple(commands)
        self._lines: deque[Line] = deque(maxlen=KEPT)
        self._child: Child | None = None
        self._left = False

    def content(self) -> Iterable[Widget]:
        yield Lines(id="title")
        yield Page(id="page")

    def on_mount(self) -> None:
        if self._commands:
            self.run_commands(self._commands)

    def on_unmount(self) -> None:
        self._left = True
        if self._child is not None:
            self.leave(self._child)

    def leave(self, child: Child) -> None:
        """The screen goes while its command runs."""
        child.end()

    def copied(self) -> str:
        return "\n".join(map(text_of, self._lines))

    def run_commands(self, commands: Iterable[Words]) -> None:
        """In a thread that nobody waits for: quitting is never held up."""
        width = max(NARROWEST, self.size.width - 2)
        threading.Thread(target=self._run, args=(commands, width), name="qorch-child", daemon=True).start()

    def _run(self, commands: Iterable[Words], width: int) -> None:
        self._tell(self.show_state, "runs")
        codes = [self._run_one(words, width) for words in commands if not self._left]
        wrong = next(filter(None, codes), 0)
        self._tell(self.show_state, f"✖ ended with {wrong}" if wrong else "● done")

    def _run_one(self, words: Words, width: int) -> int:
        """Show the command and what it writes."""
        self._tell(self.add, (Span(f"$ {shown(words)}", Tone.HEAD),))
        self._child = Child(words, width)
        for text in self._child.lines():
            self._tell(self.add, (Span(text),))
        self._tell(self.add, ())
        return self._child.code()

    def _tell(self, what: Callable[..., None], *about: object) -> None:
        """From the thread of the command to the screen, if it is still there."""
        if not self._left:
            with suppress(RuntimeError):  # the dashboard has been left
                self.app.call_from_thread(what, *about)

    def show_state(self, state: str) -> None:
        self.query_one("#title", Lines).show([(Span(self._title, Tone.HEAD), Span(f"  {state}", Tone.DIM))])

    def add(self, line: Line) -> None:
        self._lines.append(line)
        self.query_one(Page).show(self._lines)
