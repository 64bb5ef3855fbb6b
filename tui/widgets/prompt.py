"""The line in which a person answers: a filter, a command, the name of a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input


@dataclass(frozen=True)
class Question:
    """`then` gets the answer, and raises QorchError for one that is of no use."""

    what: str  # shown while nothing is typed
    then: Callable[[str], None]
    answer: str = ""  # what is there already
    completion: Callable[[str], str | None] = lambda text: None


class Prompt(Input):
    """Out of sight until there is a question."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave the prompt", show=False),
        Binding("tab", "complete", "Complete", show=False),
    ]

    class Left(Message):
        """Somebody would rather not answer."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id, select_on_focus=False)
        self.question: Question | None = None

    def ask(self, question: Question) -> None:
        self.question = question
        self.suggester = Completion(question.completion)
        self.placeholder, self.value = question.what, question.answer
        self.cursor_position = len(self.value)
        self.display = True
        self.screen.set_focus(self)  # at once: `focus` would let the next key go where this one came from

    def end(self) -> None:
        self.question = None
        self.display = False

    def action_leave(self) -> None:
        self.post_message(self.Left())

    def action_complete(self) -> None:
        whole = self.question.completion(self.value) if self.question else None
        if whole is not None:
            self.value = whole
            self.cursor_position = len(whole)


class Completion(Suggester):
    def __init__(self, completion: Callable[[str], str | None]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._completion = completion

    async def get_suggestion(self, value: str) -> str | None:
        return self._completion(value)
