"""What requests leave behind, through a real server: their rows, their sums, an export."""

from __future__ import annotations

import anthropic

from tests.fake_upstream import FakeUpstream
from tests.live.server import Server, until


def test_a_request_is_in_the_log_and_in_the_sums(server: Server, provider: FakeUpstream) -> None:
    # With a key of its own: of what a key asks for in a day the sums know only so many models by name
    _, key, _ = server.request("POST", "/keys", {"name": "counted"})
    with anthropic.Anthropic(base_url=server.url, api_key=key["secret"], max_retries=0) as client:
        made = client.messages.with_raw_response.create(
            model="fake/counted", max_tokens=10, messages=[{"role": "user", "content": "Hello!"}]
        )
        found = made.parse()
    server.request("DELETE", "/keys/counted")
    row = server.row(made.headers["request-id"])
    status, shown, _ = server.request("GET", f"/logs/{row['request_id']}")
    assert status == 200
    assert (shown["key"], shown["client"], shown["captured"]) == ("counted", "anthropic/python", False)
    assert [one["provider"] for one in shown["attempts"]] == ["fake"]
    path = "/usage?group_by=key,client&last=1h&model=counted"
    [sums] = until(lambda: server.request("GET", path)[1]["data"], "it is counted")
    assert (sums["key"], sums["client"], sums["requests"]) == ("counted", "anthropic/python", 1)
    assert (sums["input_tokens"], sums["output_tokens"]) == (found.usage.input_tokens, found.usage.output_tokens)
    _, exported, headers = server.request("GET", "/logs?format=ndjson&model=counted")
    assert headers["transfer-encoding"] == "chunked"
    assert exported["id"] == shown["id"], "one line, and it is JSON"
    assert server.request("GET", "/health")[1]["storage"]["requests"] >= 1
