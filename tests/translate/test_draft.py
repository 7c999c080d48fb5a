from __future__ import annotations

import pytest
from msgspec import UNSET, Raw

from ccproxy.translate.draft import Draft, given, switched_on
from tests.translate.wire.openai_chat.requests import target


@pytest.mark.parametrize(("value", "is_given"), [(UNSET, False), (Raw(b"null"), False), (Raw(b"{}"), True)])
def test_null_is_not_given(value: Raw, is_given: bool) -> None:
    assert given(value) is is_given
    draft = Draft(target())
    draft.lose(value, "some.path")
    assert draft.losses == (["some.path"] if is_given else [])


@pytest.mark.parametrize(
    ("value", "on"), [(UNSET, False), (Raw(b'{"enabled":false}'), False), (Raw(b'{"enabled": true}'), True)]
)
def test_switched_on(value: Raw, on: bool) -> None:
    assert switched_on(value) is on


@pytest.mark.parametrize("name", ["Bash", "mcp__server__tool-1", "_x", "a" * 64])
def test_names_that_every_provider_takes_stay(name: str) -> None:
    draft = Draft(target())
    assert draft.tool_name(name) == name
    assert draft.names == {}


@pytest.mark.parametrize("name", ["a" * 65, "a" * 128, "dotted.name", "3d", "with space", "ünï", ""])
def test_other_names_are_replaced_and_noted(name: str) -> None:
    draft = Draft(target())
    legal = draft.tool_name(name)
    assert legal != name
    assert len(legal) <= 64
    assert draft.names == {legal: name}
    assert draft.tool_name(name) == legal
    assert draft.tool_name(name + "x") != legal


def test_ids_are_noted_as_the_client_has_them() -> None:
    draft = Draft(target(tool_ids="nine"))
    assert len(draft.tool_id("toolu_01")) == 9
    assert draft.used_ids == {"toolu_01"}


def test_a_cache_mark_is_kept_or_reported() -> None:
    mark = Raw(b'{"type":"ephemeral"}')
    keeps, loses = Draft(target(cache_control=True)), Draft(target())
    assert keeps.mark(mark, "system[0]") == mark
    assert keeps.losses == []
    assert loses.mark(mark, "system[0]") is UNSET
    assert loses.losses == ["system[0].cache_control"]
    assert keeps.mark(Raw(b"null"), "system[1]") is UNSET
    assert keeps.mark(UNSET, "system[1]") is UNSET
