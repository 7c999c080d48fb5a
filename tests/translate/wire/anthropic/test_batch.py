from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ccproxy.errors import InvalidRequest
from ccproxy.translate import signature
from ccproxy.translate.dialect import Dialect
from ccproxy.translate.wire.anthropic import batch
from tests.translate.replaying import each

SEALED = signature.seal("openai", "hm", b"", b"k" * 32)


def request(model: str, **params: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": 'say "model": "a"'}]
    return {"custom_id": model, "params": {"max_tokens": 1, "messages": messages, "model": model, **params}}


def body(*requests: Any, indent: int | None = None) -> bytes:
    return json.dumps({"requests": list(requests), "new": [1.50]}, indent=indent).encode()


@pytest.mark.parametrize("indent", [None, 2])
def test_each_model_gets_the_providers_name(indent: int | None) -> None:
    given = body(request("a"), request("p/b"), request("a"), indent=indent)
    assert batch.models(given) == ["a", "p/b", "a"]
    wanted = body(request("a"), request("p/b"), request("a"), indent=indent)
    wanted = wanted.replace(b'"model": "p/b"', b'"model": "b"').replace(b'"model": "a"', b'"model": "A"')
    assert batch.rewritten(given, {"a": "A", "p/b": "b"}, Dialect()) == wanted


def test_what_others_left_is_taken_out() -> None:
    thought = {"type": "thinking", "thinking": "hm", "signature": SEALED}
    said = {"type": "text", "text": "x"}
    given = body(request("a"), request("a", messages=[{"role": "assistant", "content": [thought, said]}]))
    out = json.loads(batch.rewritten(given, {"a": "A"}, Dialect()))
    assert out["requests"][1]["params"]["messages"] == [{"role": "assistant", "content": [said]}]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (b"[]", "body: expected a JSON object"),
        (b"", "body: expected a JSON object"),
        (b"{}", "requests: Field required"),
        (body(request("a"), 1), "requests.1: expected an object"),
        (body({"params": []}), "requests.0: expected an object"),
        (body({"params": {}}), "requests.0.params.model: expected a string"),
        (body({}), "requests.0.params.model: expected a string"),
        (body({"params": {"model": 1}}), "requests.0.params.model: expected a string"),
        (body(request("a"), request("m" * 513)), "requests.1.params.model: expected at most 512 characters, got 513"),
    ],
)
def test_what_is_no_batch(given: bytes, said: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        batch.models(given)
    assert raised.value.message.startswith(said)


def test_a_batch_of_nothing() -> None:
    assert batch.models(b'{"requests":[]}') == []


def test_results_are_fetched_here() -> None:
    answer = b'{"id":"m","results_url": "https://api.anthropic.com/v1/messages/batches/m/results","a":"https://x/v1/y"}'
    here = b'{"id":"m","results_url": "/v1/messages/batches/m/results","a":"https://x/v1/y"}'
    assert batch.local(answer) == here
    assert batch.local(b'{"data":[%s,%s]}' % (answer, answer)) == b'{"data":[%s,%s]}' % (here, here)
    assert batch.local(b'{"results_url":null}') == b'{"results_url":null}'


def test_recorded_batches(shared: Path) -> None:
    def replay(record: dict[str, Any]) -> None:
        answer = json.dumps(record["response_body"]).encode()
        wanted = re.sub(rb'"https://[^"]*?(/v1/messages/batches/[^"]*/results")', rb'"\1', answer)
        assert batch.local(answer) == wanted
        assert (wanted != answer) == (record["response_body"]["results_url"] is not None)
        if record["request"] and "requests" in record["request"]:
            given = json.dumps(record["request"], indent=1).encode()
            names = dict.fromkeys(batch.models(given), "other")
            out = batch.rewritten(given, names, Dialect(signed_thinking=True))
            assert len(names) == 1
            assert out == given.replace(b'"model": "%s"' % next(iter(names)).encode(), b'"model": "other"')

    assert each(shared / "wire" / "recorded", ("anthropic-batches",), lambda _: True, replay) == 4
