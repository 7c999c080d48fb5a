"""The playground: one message to two targets, and both streams as they come."""

from __future__ import annotations

import json
import threading

from playwright.sync_api import expect

from tests.fake_upstream import DONE, FakeUpstream, Hang, Refusal, Stream, Until, chunk, finish
from tests.live.console.visit import Visit


def test_two_targets_answer_beside_each_other(admin: Visit, provider: str, upstream: FakeUpstream) -> None:
    go_on = threading.Event()
    begun = [chunk(role="assistant"), chunk(content="slowly ")]
    upstream.script("one", Stream([*begun, Until(go_on), chunk(content="done"), finish(), DONE]))
    upstream.script("two", Refusal(400, "no such thing"))
    page = admin.open("playground", "Playground")
    admin.expect(400)
    page.get_by_label("Target", exact=True).fill("fake/one")
    page.get_by_label("Second target").fill("fake/two")
    page.get_by_label("Message").fill("Hello <b>there</b>")
    page.get_by_role("button", name="Send").click()
    answer = page.get_by_role("group", name="Answer of fake/one")
    expect(answer).to_have_text("slowly ")
    expect(page.get_by_text("no such thing")).to_be_visible()
    go_on.set()
    expect(answer).to_have_text("slowly done")
    expect(page.get_by_text("Asked: fake/one 200")).to_be_visible()
    assert "first=fake%2Fone" in page.url
    assert admin.violations() == []
    sent = next(request for request in upstream.requests if request.json["model"] == "one")
    assert sent.json["messages"][-1]["content"] == "Hello <b>there</b>"


def test_an_answer_is_text_whatever_it_says(admin: Visit, provider: str, upstream: FakeUpstream) -> None:
    markup = '<img src=x onerror="window.broken = true"><script>window.broken = true</script>'
    upstream.script("one", Stream([chunk(role="assistant"), chunk(content=markup), finish(), DONE]))
    page = admin.open("playground?first=fake/one", "Playground")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("group", name="Answer of fake/one")).to_have_text(markup)
    assert page.evaluate("window.broken") is None


def test_a_stream_can_be_stopped(admin: Visit, provider: str, upstream: FakeUpstream) -> None:
    upstream.script("one", Stream([chunk(role="assistant"), chunk(content="on and on"), Hang()]))
    page = admin.open("playground?first=fake/one", "Playground")
    sent: list[str] = []
    page.on("request", lambda request: request.method == "POST" and sent.append(request.url))
    page.get_by_label("Message").press("Control+Enter")
    expect(page.get_by_role("group", name="Answer of fake/one")).to_have_text("on and on")
    page.get_by_label("Message").press("Control+Enter")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("stopped")).to_be_visible()
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    assert upstream.requests[-1].wait() == "left"
    assert len(sent) == 1


def test_a_stream_that_breaks_off_says_so(admin: Visit, provider: str) -> None:
    page = admin.open("playground?first=fake/one", "Playground")
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "half of"}}
    page.route("**/v1/messages", lambda route: route.fulfill(body=f"data: {json.dumps(delta)}\n\n"))
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("group", name="Answer of fake/one")).to_have_text("half of")
    expect(page.get_by_text("broke off", exact=True)).to_be_visible()
