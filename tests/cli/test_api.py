"""One request to a running proxy, and what its failures say."""

import socket

import pytest

from ccproxy.cli.api import Api, NoAnswer, Refused, Strange, in_path
from ccproxy.errors import InvalidRequest
from tests.cli.fake_proxy import refused


def test_a_request_and_its_answer(proxy):
    proxy.answers["POST /x"] = (201, {"a": 1})
    assert Api(proxy.url, "k").ask("POST", "/x", {"b": 2}, headers={"x-one": "1"}) == (201, {"a": 1})
    [asked] = proxy.asked
    assert (asked.body, asked.headers["authorization"], asked.headers["x-one"]) == ({"b": 2}, "Bearer k", "1")
    assert asked.headers["content-type"] == "application/json"


def test_without_a_key_and_a_body(proxy):
    assert Api(proxy.url, None).get("/")["message"] == "CCProxy"
    assert not {"authorization", "content-type"} & proxy.asked[0].headers.keys()


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        ((400, refused("models.0: must be a string")), Refused, "models.0: must be a string"),
        ((500, {"detail": "other"}), Refused, "answers GET /x with HTTP 500"),
        ((200, b"<html>"), Strange, "answers GET /x without JSON (HTTP 200)"),
        ((404, b"\xff"), Strange, "without JSON (HTTP 404)"),
    ],
)
def test_what_is_said_of_a_failure(proxy, answer, error, words):
    proxy.answers["GET /x"] = answer
    with pytest.raises(error) as caught:
        Api(proxy.url, None).get("/x")
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"a": float("nan")}, "holds NaN or Infinity"),
        ({"a": [float("-inf")]}, "holds NaN or Infinity"),
        ({"a": "\udcff"}, "is not text in UTF-8"),
    ],
)
def test_what_json_cannot_hold_is_told_and_not_sent(proxy, body, words):
    with pytest.raises(InvalidRequest, match=words):
        Api(proxy.url, None).ask("POST", "/x", body)
    assert proxy.asked == []


def test_nobody_there():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(NoAnswer, match=f"nothing answers at {url}: connection refused"):
        Api(url, None).get("/")


def test_somebody_there_who_says_nothing():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(NoAnswer, match="no answer in time"):
            Api(url, None).ask("GET", "/", seconds=0.05)


def test_tls_towards_one_who_speaks_none(proxy):
    with pytest.raises(NoAnswer, match="nothing answers"):
        Api(proxy.url.replace("http:", "https:"), None).get("/")


@pytest.mark.parametrize(("name", "step"), [("a/b c", "a%2Fb%20c"), ("é", "%C3%A9"), ("\udcff", "%FF")])
def test_names_in_paths(name, step):
    assert in_path(name) == step
