from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.errors import BadAnswer
from ccproxy.translate.listing.shapes import entries, following, parsed


@pytest.mark.parametrize(
    ("answer", "ids"),
    [
        ({"object": "list", "data": [{"id": "a"}]}, ["a"]),
        ([{"id": "a"}], ["a"]),
        ({"models": [{"id": "a"}]}, ["a"]),
        ({"data": None, "models": [{"id": "a"}]}, ["a"]),
        ({"publisherModels": [{"id": "a"}]}, ["a"]),
        (["a", 5], ["a", 5]),
        ({"data": []}, []),
    ],
)
def test_every_shape_of_list_is_read(answer: Any, ids: list[Any]) -> None:
    assert parsed(json.dumps(answer).encode()) == answer
    assert [entry["id"] for entry in entries([answer])] == ids
    assert [entry["id"] for entry in entries([answer, {"data": [{"id": "z"}]}])] == [*ids, "z"]


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"5", b"{}", b'{"data":{}}', b'{"error":{"message":"no"}}', b"[" * 100_000, b'"a"']
)
def test_what_is_no_list_is_a_bad_answer(body: bytes) -> None:
    with pytest.raises(BadAnswer, match="the list of models is"):
        parsed(body)


@pytest.mark.parametrize(
    ("answer", "query"),
    [
        ({"models": [], "nextPageToken": "a+b="}, {"pageToken": "a+b="}),
        ({"models": [], "next_page_token": "t"}, {"page_token": "t"}),
        ({"inferenceProfileSummaries": [], "nextToken": "t"}, {"nextToken": "t"}),
        ({"data": [], "has_more": True, "last_id": "m"}, {"after_id": "m"}),
        ({"data": [], "has_more": False, "last_id": "m"}, {}),
        ({"data": [], "has_more": True, "last_id": None}, {}),
        ({"models": [], "nextPageToken": ""}, {}),
        ({"models": [], "nextPageToken": 5}, {}),
        ([], {}),
    ],
)
def test_how_the_rest_is_asked_for(answer: Any, query: dict[str, str]) -> None:
    assert following(answer) == query
