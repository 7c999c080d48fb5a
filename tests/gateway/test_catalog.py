from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import gevent
import pytest
from gevent.event import Event
from msgspec import UNSET
from structlog.testing import capture_logs

from ccproxy.errors import DeadlinePassed, InvalidRequest, NotFound, Unreachable, UpstreamRefused
from ccproxy.gateway.catalog import FAILED, FRESH, PAGES, TIMEOUT, Catalog, page
from ccproxy.gateway.health import Health
from ccproxy.store.providers import Provider, Snapshot
from ccproxy.translate.listing import Model, named
from ccproxy.translate.target import Target

Answer = tuple[int, bytes] | Exception | Callable[[], tuple[int, bytes]]


def listed(*names: str) -> tuple[int, bytes]:
    return 200, json.dumps({"data": [{"id": name} for name in names]}).encode()


def provider(name: str, **fields: Any) -> Provider:
    return Provider(**{"name": name, "type": "openai-chat", "api_base_url": f"http://{name}.test/v1", **fields})


def snapshot(*providers: Provider) -> Snapshot:
    return Snapshot(version=1, providers=providers)


class Providers:
    """Answers by URL; remembers what was asked. `now` is the catalog's clock."""

    def __init__(self, **answers: Answer) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, str], float]] = []
        self.now = 1000.0
        self.catalog = Catalog(self.get, clock=lambda: self.now)

    def get(self, url: str, headers: Mapping[str, str], timeout: float) -> tuple[int, bytes]:
        self.asked.append((url, dict(headers), timeout))
        answer = self.answers[url.partition("//")[2].partition(".")[0]]
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else answer

    def ids(self, *providers: Provider) -> list[str]:
        return [model.id for model in self.catalog.models(snapshot(*providers))]


def test_models_of_the_row_are_listed_without_asking() -> None:
    world = Providers()
    assert world.ids(provider("a", models=("x", "y/z")), provider("b", models=("x",))) == ["a/x", "a/y/z", "b/x"]
    assert world.asked == []


def test_the_others_are_fetched_from_their_providers_in_the_rows_order() -> None:
    world = Providers(a=listed("x"), b=listed("y"))
    rows = (provider("b", api_key="sk-b", headers={"x-extra": "1"}), provider("a"), provider("c", models=("z",)))
    assert world.ids(*rows) == ["b/y", "a/x", "c/z"]
    (url, headers, timeout), other = world.asked
    assert url == "http://b.test/v1/models"
    assert {name.lower(): value for name, value in headers.items()} == {"authorization": "Bearer sk-b", "x-extra": "1"}
    assert timeout == TIMEOUT
    assert other[0] == "http://a.test/v1/models"


def test_a_list_is_read_page_by_page() -> None:
    asked: list[str] = []
    answers = [
        {"models": [{"id": "a"}], "nextPageToken": "x+/="},
        {"models": [{"id": "b"}], "nextPageToken": "y"},
        {"models": [{"id": "c"}], "nextPageToken": "y"},  # which would go on for ever
    ]

    def get(url: str, headers: Mapping[str, str], timeout: float) -> tuple[int, bytes]:
        asked.append(url)
        assert 0 < timeout <= TIMEOUT
        return 200, json.dumps(answers[len(asked) - 1]).encode()

    row = provider("g", type="gemini", api_base_url="http://g.test/v1beta")
    assert [model.id for model in Catalog(get).models(snapshot(row))] == ["g/a", "g/b", "g/c"]
    assert asked == [
        "http://g.test/v1beta/models?pageSize=1000",
        "http://g.test/v1beta/models?pageSize=1000&pageToken=x%2B%2F%3D",
        "http://g.test/v1beta/models?pageSize=1000&pageToken=y",
    ]


def test_a_list_without_end_is_left_at_some_page() -> None:
    asked: list[str] = []

    def get(url: str, headers: Mapping[str, str], timeout: float) -> tuple[int, bytes]:
        asked.append(url)
        name = f"m{len(asked)}"
        return 200, json.dumps({"data": [{"id": name}], "has_more": True, "last_id": name}).encode()

    assert len(Catalog(get).models(snapshot(provider("a")))) == PAGES
    assert asked[:2] == ["http://a.test/v1/models", "http://a.test/v1/models?after_id=m1"]


@pytest.mark.parametrize(
    ("headers", "version"), [({}, "2023-06-01"), ({"Anthropic-Version": "2026-10-21"}, "2026-10-21")]
)
def test_anthropics_list_is_asked_for_with_a_version(headers: dict[str, str], version: str) -> None:
    world = Providers(a=listed("claude-opus-5-5"))
    row = provider("a", type="anthropic", api_base_url="http://a.test", api_key="k", headers=headers)
    assert world.ids(row) == ["a/claude-opus-5-5"]
    [(url, sent, _)] = world.asked
    assert url == "http://a.test/v1/models?limit=1000"
    assert sent == {"x-api-key": "k", "anthropic-version": version}


BEDROCK = {
    "/foundation-models?byOutputModality=TEXT": {
        "modelSummaries": [
            {"modelId": "amazon.nova-lite-v1:0", "inputModalities": ["TEXT", "IMAGE"], "outputModalities": ["TEXT"]}
        ]
    },
    "/inference-profiles?maxResults=1000": {
        "inferenceProfileSummaries": [
            {
                "inferenceProfileId": "us.amazon.nova-lite-v1:0",
                "models": [{"modelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"}],
            }
        ]
    },
}


@pytest.mark.parametrize(
    ("base", "places"),
    [
        ("https://bedrock-runtime.eu-west-1.amazonaws.com", "https://bedrock.eu-west-1.amazonaws.com"),
        ("http://localhost:9/aws", "http://localhost:9"),
    ],
)
def test_lists_are_authorized_like_requests(base: str, places: str) -> None:
    signed: list[tuple[str, str, str, bytes]] = []

    def authorize(target: Target, method: str, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        signed.append((target.auth, method, url, body))
        return {**headers, "authorization": "signed"}

    def get(url: str, headers: Mapping[str, str], timeout: float) -> tuple[int, bytes]:
        assert headers["authorization"] == "signed"
        return 200, json.dumps(BEDROCK[url.removeprefix(places)]).encode()

    row = provider("aws", type="bedrock", api_base_url=base, options={"region": "eu-west-1"})
    models = Catalog(get, authorize).models(snapshot(row))
    assert [model.id for model in models] == ["aws/amazon.nova-lite-v1:0", "aws/us.amazon.nova-lite-v1:0"]
    assert signed == [("aws", "GET", places + path, b"") for path in BEDROCK]
    for model in models:
        assert model.capabilities is not UNSET
        assert model.capabilities["image_input"] == {"supported": True}


def test_what_there_is_of_a_list_is_shown_though_the_rest_cannot_be_had() -> None:
    def get(url: str, headers: Mapping[str, str], timeout: float) -> tuple[int, bytes]:
        if "profiles" in url:
            return 403, b"{}"
        return 200, json.dumps(BEDROCK["/foundation-models?byOutputModality=TEXT"]).encode()

    row = provider("aws", type="bedrock", api_base_url="http://localhost:9")
    with capture_logs() as logged:
        models = Catalog(get).models(snapshot(row))
    assert [model.id for model in models] == ["aws/amazon.nova-lite-v1:0"]
    assert [line["event"] for line in logged] == ["some models cannot be listed"]


ONE, TWO = "sk-provider-0123456789", "sk-provider-abcdefghij"


def with_keys(answers: dict[str, list[tuple[int, bytes]]], health: Health) -> tuple[Catalog, list[str]]:
    """A catalog, its provider answering each key with the next of its answers, and the keys that it was asked with."""
    asked: list[str] = []

    def get(url: str, headers: Mapping[str, str], timeout: float) -> tuple[int, bytes]:
        key = headers["authorization"].removeprefix("Bearer ")
        asked.append(key)
        return answers[key].pop(0)

    return Catalog(get, health=health), asked


def test_a_list_is_fetched_with_a_key_that_is_in_service() -> None:
    health, row = Health(None), provider("a", api_key=ONE, api_keys=(ONE, TWO))
    refusal = 401, b'{"error": {"message": "no such key"}}'
    catalog, asked = with_keys({ONE: [refusal], TWO: [listed("x"), listed("y")]}, health)
    assert [model.id for model in catalog.fetch(row)] == ["a/x"]
    assert asked == [ONE, TWO]
    assert [key["state"] for key in health.report(row)["keys"]] == ["resting", "ok"]
    assert [model.id for model in catalog.fetch(row)] == ["a/y"]
    assert asked == [ONE, TWO, TWO]


def test_pages_of_one_list_are_those_of_one_key() -> None:
    row = provider("a", api_key=ONE, api_keys=(ONE, TWO))
    first = 200, b'{"data": [{"id": "mine"}], "has_more": true, "last_id": "mine"}'
    catalog, asked = with_keys({ONE: [first, (401, b"{}")], TWO: [listed("theirs")]}, Health(None))
    assert [model.id for model in catalog.fetch(row)] == ["a/theirs"]
    assert asked == [ONE, ONE, TWO]


def test_time_is_for_all_keys_together() -> None:
    now = 0.0

    def get(url: str, headers: Mapping[str, str], timeout: float) -> tuple[int, bytes]:
        nonlocal now
        now += 2.0
        return 401, b"{}"

    catalog = Catalog(get, health=Health(None), clock=lambda: now)
    with pytest.raises(DeadlinePassed, match="did not list its models within"):
        catalog.fetch(provider("a", api_key=ONE, api_keys=(ONE, TWO, "three")))
    assert now == 4.0


def test_what_a_provider_says_is_raised() -> None:
    world = Providers(a=(503, b'{"error": {"message": "come back later", "code": "busy"}}'))
    with capture_logs() as logged:
        assert world.ids(provider("a")) == []
    assert [line["error"] for line in logged] == ["the provider answered with HTTP 503 (busy)"]
    with pytest.raises(UpstreamRefused) as raised:
        world.catalog.fetch(provider("a"))
    assert (raised.value.message, raised.value.upstream_status) == ("come back later", 503)


def test_a_provider_without_a_list_is_not_asked() -> None:
    world = Providers()
    assert world.ids(provider("c", type="azure", options={"api_version": "2024-10-21"})) == []
    assert world.asked == []


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("groq", "openai/gpt-oss-120b", {"max_tokens": 65536, "thinking": True, "image_input": False}),
        ("groq", "meta-llama/llama-4-scout", {"max_tokens": 8192, "thinking": False, "image_input": True}),
        (
            "gemini",
            "gemini-2.5-flash",
            {"max_tokens": 65536, "max_input_tokens": 1048576, "thinking": True, "image_input": True},
        ),
        (
            "openai",
            "gpt-5",
            {"max_tokens": 128000, "max_input_tokens": 400000, "thinking": True, "structured_outputs": True},
        ),
        ("bedrock", "us.anthropic.claude-opus-4-5-20251101-v1:0", {"max_input_tokens": 200000, "batch": False}),
        ("vllm", "qwen3", {"batch": False, "pdf_input": False}),
        ("openai-chat", "anything", {"batch": False, "pdf_input": False}),
    ],
)
def test_models_of_the_row_have_what_their_dialect_knows(kind: str, name: str, expected: dict[str, Any]) -> None:
    world = Providers()
    row = provider("p", type=kind, models=(name,))
    [model] = world.catalog.models(snapshot(row))
    assert model.max_tokens == expected.pop("max_tokens", UNSET)
    assert model.max_input_tokens == expected.pop("max_input_tokens", UNSET)
    assert model.capabilities is not UNSET
    for capability, supported in expected.items():
        assert model.capabilities[capability]["supported"] is supported, capability
    assert ("image_input" in model.capabilities) == (kind in ("groq", "gemini", "openai"))
    assert world.catalog.find(name, snapshot(row)) is model  # made once


def test_a_row_that_nothing_can_be_made_of_has_the_names_of_its_models() -> None:
    world = Providers()
    [model] = world.catalog.models(snapshot(provider("old", type="gone", models=("x",))))
    assert (model.id, model.capabilities) == ("old/x", UNSET)


def test_providers_that_are_not_enabled_are_not_listed() -> None:
    world = Providers()
    assert world.ids(provider("a", enabled=False), provider("b", enabled=False, models=("x",))) == []
    assert world.asked == []


def test_a_list_is_kept_for_a_while() -> None:
    world = Providers(a=listed("x"))
    row = provider("a")
    assert world.ids(row) == ["a/x"]
    world.answers["a"] = listed("new")
    world.now += FRESH - 1
    assert world.ids(row) == ["a/x"]
    world.now += 2
    assert world.ids(row) == ["a/new"]
    assert len(world.asked) == 2


def test_a_changed_row_is_asked_anew() -> None:
    world = Providers(a=listed("x"))
    row = provider("a")
    assert world.ids(row) == ["a/x"]
    world.answers["a"] = Unreachable("gone")
    assert world.ids(replace(row, api_key="sk-new")) == []


def test_a_row_that_went_away_is_forgotten() -> None:
    world = Providers(a=listed("x"))
    world.ids(provider("a"))
    assert world.ids() == []
    world.answers["a"] = listed("new")
    assert world.ids(provider("a")) == ["a/new"]


@pytest.mark.parametrize(
    "failure", [Unreachable("gone"), (401, b"{}"), (500, b""), (200, b"<html>"), (200, b'{"error": "no"}')]
)
def test_a_failing_provider_spoils_nothing_and_is_left_alone_for_a_while(failure: Answer) -> None:
    world = Providers(a=failure, b=listed("y"))
    rows = (provider("a"), provider("b"))
    assert world.ids(*rows) == ["b/y"]
    world.answers["a"] = listed("x")
    world.now += FAILED - 1
    assert world.ids(*rows) == ["b/y"]
    world.now += 2
    assert world.ids(*rows) == ["a/x", "b/y"]


def test_a_failing_provider_keeps_its_last_list() -> None:
    world = Providers(a=listed("x"))
    row = provider("a")
    world.ids(row)
    world.now += FRESH + 1
    world.answers["a"] = Unreachable("gone")
    assert world.ids(row) == ["a/x"]
    world.now += FAILED + 1
    world.answers["a"] = listed("new")
    assert world.ids(row) == ["a/new"]


@pytest.mark.parametrize("row", [provider("a", type="of the future"), provider("a", api_base_url="ftp://a")])
def test_a_row_that_means_nothing_here_has_no_models(row: Provider) -> None:
    world = Providers(b=listed("y"))
    assert world.ids(row, provider("b")) == ["b/y"]


def test_deployments_are_not_what_azure_lists() -> None:
    world = Providers(a=listed("gpt-5"))
    assert world.ids(provider("a", type="azure", api_base_url="https://a.openai.azure.com")) == []
    assert world.asked == []


def test_all_providers_are_asked_at_once_and_only_once() -> None:
    go = Event()

    def waiting() -> tuple[int, bytes]:
        assert go.wait(5)
        return listed("x")

    world = Providers(a=waiting, b=waiting)
    rows = (provider("a"), provider("b"))
    calls = [gevent.spawn(world.ids, *rows) for _ in range(3)]
    deadline = gevent.Timeout.start_new(5)
    while len(world.asked) < 2:
        gevent.sleep(0)
    go.set()
    gevent.joinall(calls, raise_error=True)
    deadline.close()
    assert [call.value for call in calls] == [["a/x", "b/x"]] * 3
    assert len(world.asked) == 2


def test_a_provider_that_ignores_its_timeout_does_not_hold_the_answer() -> None:
    go = Event()

    def waiting() -> tuple[int, bytes]:
        assert go.wait(5)
        return listed("x")

    world = Providers(a=waiting, b=listed("y"))
    world.catalog = Catalog(world.get, timeout=0.01, clock=lambda: world.now)
    rows = (provider("a"), provider("b"))
    assert world.ids(*rows) == ["b/y"]
    go.set()
    deadline = gevent.Timeout.start_new(5)
    while world.ids(*rows) != ["a/x", "b/y"]:
        gevent.sleep(0)
    deadline.close()


def test_an_answer_for_a_row_that_has_changed_meanwhile_is_not_kept() -> None:
    go = Event()

    def old() -> tuple[int, bytes]:
        assert go.wait(5)
        return listed("old")

    world = Providers(a=old)
    row = provider("a")
    first = gevent.spawn(world.ids, row)
    while not world.asked:
        gevent.sleep(0)
    world.answers["a"] = listed("new")
    changed = replace(row, api_key="sk-new")
    assert world.ids(changed) == ["a/new"]
    go.set()
    first.get(timeout=5)
    assert world.ids(changed) == ["a/new"]
    assert len(world.asked) == 2


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a/x", "a/x"),
        ("a,x", "a/x"),
        ("a/org/x:free", "a/org/x:free"),
        ("b/y", "b/y"),
        ("y", "b/y"),
        ("org/y", "b/org/y"),
    ],
)
def test_one_model_is_found_by_its_id(name: str, found: str) -> None:
    world = Providers(a=listed("x", "org/x:free"))
    rows = snapshot(provider("a"), provider("b", models=("y", "org/y")))
    assert world.catalog.find(name, rows).id == found


def test_only_the_provider_that_is_named_is_asked_for_one_model() -> None:
    world = Providers(a=listed("x"), b=listed("y"))
    assert world.catalog.find("a/x", snapshot(provider("a"), provider("b"))).id == "a/x"
    assert len(world.asked) == 1


@pytest.mark.parametrize("name", ["a/z", "x", "c/x", "off/x", "a", ""])
def test_an_unknown_model_is_not_found(name: str) -> None:
    world = Providers(a=listed("x"))
    with pytest.raises(NotFound, match="is not known here"):
        world.catalog.find(name, snapshot(provider("a"), provider("off", enabled=False, models=("x",))))


MODELS = tuple(listed.model for listed in named("p", ("a", "b", "c", "d", "e")))


@pytest.mark.parametrize(
    ("arguments", "names", "more"),
    [
        ({"limit": 20}, "abcde", False),
        ({"limit": 5}, "abcde", False),
        ({"limit": 2}, "ab", True),
        ({"limit": 2, "after_id": "p/b"}, "cd", True),
        ({"limit": 2, "after_id": "p/c"}, "de", False),
        ({"limit": 2, "after_id": "p/e"}, "", False),
        ({"limit": 2, "before_id": "p/d"}, "bc", True),
        ({"limit": 2, "before_id": "p/c"}, "ab", False),
        ({"limit": 2, "before_id": "p/a"}, "", False),
    ],
)
def test_a_page_is_a_part_of_the_list(arguments: dict[str, Any], names: str, more: bool) -> None:
    part = page(MODELS, **arguments)
    assert [model.id for model in part.data] == [f"p/{name}" for name in names]
    assert part.has_more is more
    assert part.first_id == (f"p/{names[0]}" if names else None)
    assert part.last_id == (f"p/{names[-1]}" if names else None)


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 7])
def test_pages_in_either_direction_make_up_the_whole_list(limit: int) -> None:
    forward: list[Model] = []
    part = page(MODELS, limit=limit)
    forward += part.data
    while part.has_more:
        part = page(MODELS, limit=limit, after_id=part.last_id)
        forward += part.data
    assert tuple(forward) == MODELS
    backward: list[Model] = [MODELS[-1]]
    more = True
    while more:
        part = page(MODELS, limit=limit, before_id=backward[0].id)
        backward = [*part.data, *backward]
        more = part.has_more
    assert tuple(backward) == MODELS


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"after_id": "p/z"}, "after_id: there is no model 'p/z'"),
        ({"before_id": "p/z"}, "before_id: there is no model 'p/z'"),
        ({"after_id": "p/a", "before_id": "p/b"}, "before_id: cannot be combined with after_id"),
    ],
)
def test_an_unknown_place_is_refused(arguments: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        page(MODELS, limit=2, **arguments)  # type: ignore[arg-type]
