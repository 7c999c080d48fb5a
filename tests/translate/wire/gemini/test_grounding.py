"""Sources: searches, pages that were read, and what rests on them."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from ccproxy.translate.wire.gemini.chunks import Candidate
from ccproxy.translate.wire.gemini.grounding import Sources

GROUNDING = {
    "webSearchQueries": ["who won", "who won", ""],
    "groundingChunks": [
        {"web": {"uri": "https://a.example", "title": "A"}},
        {"web": {"uri": "https://b.example"}},
        {"retrievedContext": {"text": "no page"}},
        {"retrievedContext": {"uri": "https://c.example/doc", "title": "C"}},
        {"web": {"title": "no address"}},
    ],
    "groundingSupports": [
        {"segment": {"endIndex": 4, "text": "Them"}, "groundingChunkIndices": [0, 1, 2]},
        {"segment": {"endIndex": 4, "text": "Them"}, "groundingChunkIndices": [0, 9, -1]},
        {"groundingChunkIndices": [3]},
        {"segment": {"text": "Nobody."}},
    ],
}


def sources(*candidates: dict[str, Any]) -> Sources:
    found = Sources()
    for one in candidates:
        found.add(msgspec.convert(one, Candidate))
    return found


def blocks(found: Sources) -> list[Any]:
    return json.loads(msgspec.json.encode(found.blocks("msg_01x")))


def test_queries_are_one_search_and_its_result_the_pages() -> None:
    asked, result = blocks(sources({"groundingMetadata": GROUNDING | {"webSearchQueries": ["who", "won", "who"]}}))
    assert asked == {
        "type": "server_tool_use",
        "id": "srvtoolu_ccp101xs",
        "name": "web_search",
        "input": {"query": "who; won"},
    }
    assert (result["type"], result["tool_use_id"]) == ("web_search_tool_result", "srvtoolu_ccp101xs")
    assert [(page["url"], page["title"]) for page in result["content"]] == [
        ("https://a.example", "A"),
        ("https://b.example", "https://b.example"),
        ("https://c.example/doc", "C"),
    ]


def test_a_passage_is_cited_once_for_each_of_its_pages() -> None:
    cited = [json.loads(bytes(raw)) for raw in sources({"groundingMetadata": GROUNDING}).citations()]
    assert [(one["url"], one["cited_text"]) for one in cited] == [
        ("https://a.example", "Them"),
        ("https://b.example", "Them"),
        ("https://c.example/doc", ""),
    ]
    assert {one["type"] for one in cited} == {"web_search_result_location"}


def test_citations_of_one_text_and_then_the_rest() -> None:
    found = sources({"groundingMetadata": GROUNDING})
    assert found.citations("Nothing of it.") != []  # a passage without words is in every text
    assert [json.loads(bytes(raw))["cited_text"] for raw in found.citations("It was Them.")] == ["Them", "Them"]
    assert found.citations() == []


def test_the_provider_tells_it_again_and_again_and_last_of_all_whole() -> None:
    found = sources({"groundingMetadata": {}}, {"groundingMetadata": GROUNDING}, {"groundingMetadata": {}})
    assert found.queries == ["who won"]
    assert len(found.citations()) == 3


def test_queries_of_the_providers_own_calls_count_where_no_others_are_told() -> None:
    found = Sources()
    found.ask(["one"])
    found.ask(["two", "one"])
    assert found.queries == ["one", "two"]
    assert [block["type"] for block in blocks(found)] == ["server_tool_use", "web_search_tool_result"]
    found.add(msgspec.convert({"groundingMetadata": {"webSearchQueries": ["three"]}}, Candidate))
    assert found.queries == ["three"]


def test_pages_that_were_read_are_fetches_of_their_own() -> None:
    context = {
        "urlMetadata": [
            {"retrievedUrl": "https://a.example", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_SUCCESS"},
            {"retrievedUrl": "https://z.example", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_PAYWALL"},
            {"urlRetrievalStatus": "URL_RETRIEVAL_STATUS_ERROR"},
        ]
    }
    page = {"groundingChunks": [{"web": {"uri": "https://a.example", "title": "A"}}]}
    found = sources({"urlContextMetadata": context, "groundingMetadata": page}, {"urlContextMetadata": {}})
    read, document, tried, failure = blocks(found)
    assert (read["name"], read["input"]) == ("web_fetch", {"url": "https://a.example"})
    assert (document["type"], document["tool_use_id"]) == ("web_fetch_tool_result", read["id"])
    assert (document["content"]["type"], document["content"]["url"]) == ("web_fetch_result", "https://a.example")
    assert document["content"]["content"]["source"]["type"] == "text"
    assert (tried["input"], tried["id"] != read["id"]) == ({"url": "https://z.example"}, True)
    assert failure["content"] == {"type": "web_fetch_tool_result_error", "error_code": "url_not_accessible"}
    assert found.counted is not None
    assert json.loads(bytes(found.counted)) == {"web_search_requests": 0, "web_fetch_requests": 2}


def test_no_sources_are_nothing() -> None:
    found = sources({"groundingMetadata": {}}, {})
    assert (found.blocks("msg_01x"), found.citations(), found.queries, found.counted) == ([], [], [], None)
