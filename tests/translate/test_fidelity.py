"""docs/fidelity.md says what the encoders do now."""

from __future__ import annotations

import pytest

from tests.translate.fidelity import COLUMNS, FEATURES, PAGE, Column, page, verdict


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == page(), "write it anew: python -m tests.translate.fidelity"


@pytest.mark.parametrize(
    ("feature", "column", "found"),
    [
        ("System prompt", "OpenAI chat", "carried"),
        ("Text document", "OpenAI chat", "converted"),
        ("top_k", "OpenAI chat", "lost"),
        ("PDF, base64", "Ollama", "refused"),
    ],
)
def test_verdicts(feature: str, column: str, found: str) -> None:
    [one] = [each for each in FEATURES if each.title == feature]
    [where] = [each for each in COLUMNS if each.title == column]
    assert verdict(one, where) == found


def test_features_and_columns_have_names_of_their_own() -> None:
    assert len({feature.title for feature in FEATURES}) == len(FEATURES)
    assert len({column.title for column in COLUMNS}) == len(COLUMNS)
    assert all(isinstance(column, Column) for column in COLUMNS)
