"""Every column has words."""

from orchestrator.views.live.column_words import COLUMN_WORDS
from orchestrator.views.live.columns import REPLICAS


def test_each_column_has_a_name_in_full_and_a_sentence_and_nothing_else_has() -> None:
    assert COLUMN_WORDS.keys() == REPLICAS.by_name.keys()
    assert len({words.name for words in COLUMN_WORDS.values()}) == len(COLUMN_WORDS)
