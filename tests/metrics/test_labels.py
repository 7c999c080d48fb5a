"""Which names become labels, and which are counted together."""

from __future__ import annotations

import pytest

from ccproxy.metrics.labels import LONGEST, NONE, OTHER, Models, Names, Sets


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("groq", "groq"),
        (None, NONE),
        ("", NONE),
        ("x" * LONGEST, "x" * LONGEST),
        ("x" * (LONGEST + 1), OTHER),
        ("half a pair: \ud83d", OTHER),
        ("a line\nmore", OTHER),
        ("modèle-日本", "modèle-日本"),
    ],
)
def test_a_name(name: str | None, label: str) -> None:
    assert Names(5).take(name) == label


def test_only_so_many_names_are_taken_and_those_stay() -> None:
    names = Names(2)
    assert [names.take(name) for name in ("a", "b", "c", "a", "b")] == ["a", "b", OTHER, "a", "b"]


@pytest.mark.parametrize(
    ("model", "answered", "label"),
    [("listed", False, "listed"), ("unknown", False, OTHER), ("unknown", True, "unknown"), (None, False, NONE)],
)
def test_a_model_has_to_be_listed_or_to_have_answered(model: str | None, answered: bool, label: str) -> None:
    models = Models(lambda provider, model: (provider, model) == ("a", "listed"))
    assert models.take("a", model, answered) == label
    assert models.take("b", "listed", False) == OTHER


def test_a_model_that_has_answered_keeps_its_name() -> None:
    models = Models(lambda *_: False)
    models.take("a", "m", True)
    assert models.take("a", "m", False) == "m"
    assert len(models) == 1


@pytest.mark.parametrize("model", ["x" * (LONGEST + 1), "\ud83d"])
def test_a_model_with_an_impossible_name_has_none(model: str) -> None:
    assert Models(lambda *_: True).take("a", model, True) == OTHER


def test_models_that_answer_to_every_name_are_bounded() -> None:
    models = Models(lambda *_: False, most=3)
    found = {models.take("local", f"anything-{number}", True) for number in range(50)}
    assert found == {"anything-0", "anything-1", "anything-2", OTHER}


def test_combinations_are_bounded() -> None:
    sets = Sets(2)
    found = [sets.take(("a", name), ("a", OTHER)) for name in ("x", "y", "z", "x")]
    assert found == [("a", "x"), ("a", "y"), ("a", OTHER), ("a", "x")]
