"""A command that changes the fleet: shown, then run once its fleet's name has been typed."""

from __future__ import annotations

from textual import work

from orchestrator.core.errors import UsageError
from orchestrator.views.live.span import Span, Tone
from tui import children
from tui.screens.output import OutputScreen, Words
from tui.widgets.prompt import Question


class ChangeScreen(OutputScreen):
    """Once begun, the command goes on, also when the screen is left."""

    def __init__(self, fleet: str, words: Words) -> None:
        super().__init__(f"change the fleet {fleet}", ())
        self._fleet, self._words = fleet, words
        self._begun = False

    def on_mount(self) -> None:
        self.show_state("asks first")
        self._add((Span("This would be run:"),))
        self._add((Span(f"  {children.shown(self._words)}", Tone.WARN),))
        self._add(())
        self._ask_name()

    def _ask_name(self) -> None:
        self.ask(Question(f"type {self._fleet} to run it, esc to leave it", self._confirm))

    def on_prompt_left(self, event: object) -> None:
        self.dismiss()

    def _confirm(self, typed: str) -> None:
        if typed.strip() != self._fleet:
            self._ask_name()
            raise UsageError(f"{typed.strip()!r} is not the fleet's name, so nothing was done")
        if not self._begun:
            self._begun = True
            self._change()

    @work(group="change")
    async def _change(self) -> None:
        self.show_state("runs")
        code = await self.run(self._words)
        self.show_state(f"✖ ended with {code}" if code else "● done")
