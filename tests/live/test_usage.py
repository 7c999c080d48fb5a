"""What requests leave behind, through a real server: their rows, their sums, an export."""

from __future__ import annotations

import anthropic

from tests.fake_upstream import FakeUpstream
from tests.live.server import Server, until


def test_a_request_is_in_the_log_and_in_the_sums(
    server: Server, provider: FakeUpstream, client: anthropic.Anthropic
) -> None:
    made = client.messages.with_raw_response.create(
        model="fake/counted", max_tokens=10, messages=[{"role": "user", "content": "Hello!"}]
    )
    found = made.parse()
    row = server.row(made.headers["request-id"])
    status, shown, _ = server.request("GET", f"/logs/{row['request_id']}")
    assert status == 200
    assert (shown["key"], shown["client"], shown["captured"]) == ("local", "anthropic/python", False)
    assert [one["provider"] for one in shown["attempts"]] == ["fake"]
    path = "/usage?group_by=key,client&last=1h&model=counted"
    [sums] = until(lambda: server.request("GET", path)[1]["data"], "it is counted")
    assert (sums["key"], sums["client"], sums["requests"]) == ("local", "anthropic/python", 1)
    assert (sums["input_tokens"], sums["output_tokens"]) == (found.usage.input_tokens, found.usage.output_tokens)
    _, exported, headers = server.request("GET", "/logs?format=ndjson&model=counted")
    assert headers["transfer-encoding"] == "chunked"
    assert exported["id"] == shown["id"], "one line, and it is JSON"
    assert server.request("GET", "/health")[1]["storage"]["requests"] >= 1
