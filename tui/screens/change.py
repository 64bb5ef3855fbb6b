"""A command that changes the fleet: shown, then run once its fleet's name has been typed."""

from __future__ import annotations

from orchestrator.core.errors import UsageError
from orchestrator.views.live.span import Span, Tone
from tui.children import Child, shown
from tui.screens.output import OutputScreen, Words
from tui.widgets.prompt import Question


class ChangeScreen(OutputScreen):
    """Once begun, the command goes on, also when the screen or the dashboard is left."""

    def __init__(self, fleet: str, words: Words) -> None:
        super().__init__(f"change the fleet {fleet}", ())
        self._fleet, self._words = fleet, words

    def on_mount(self) -> None:
        self.show_state("asks first")
        self.add((Span("This would be run:"),))
        self.add((Span(f"  {shown(self._words)}", Tone.WARN),))
        self.add(())
        self._ask_name()

    def leave(self, child: Child) -> None:
        """It goes on: half a change would be worse."""

    def on_prompt_left(self, event: object) -> None:
        self.dismiss()

    def _ask_name(self) -> None:
        self.ask(Question(f"type {self._fleet} to run it, esc to leave it", self._confirm))

    def _confirm(self, typed: str) -> None:
        if typed.strip() != self._fleet:
            self._ask_name()
            raise UsageError(f"{typed.strip()!r} is not the fleet's name, so nothing was done")
        self.tell("")
        self.run_commands([self._words])
