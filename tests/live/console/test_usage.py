"""What was asked, as the console shows it: the overview, the requests, and a member's own usage."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Route, expect

from tests.fake_upstream import FakeUpstream, Refusal, Reply
from tests.live.console.conftest import WORDS, said
from tests.live.console.visit import Visit
from tests.live.server import Server, until

Api = Callable[..., tuple[int, dict[str, str]]]


@pytest.fixture
def asked(
    request: pytest.FixtureRequest, site: Server, provider: str, api: Api, upstream: FakeUpstream
) -> dict[str, str]:
    """A key of the test's own has asked three times, and once in vain; its secret, and the id of what failed."""
    name = request.node.name.replace("_", "-")[:60]
    secret = api("POST", "/keys", {"name": name})[1]["secret"]
    body = {"model": "fake/one", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    for _ in range(3):
        assert site.request("POST", "/v1/messages", body, {"x-api-key": secret})[0] == 200
    upstream.script("one", Refusal(400, "the fourth is refused"))
    status, _, headers = site.request("POST", "/v1/messages", body, {"x-api-key": secret})
    assert status == 400
    upstream.script("one", said)
    until(lambda: api("GET", f"/logs/{headers['request-id']}")[0] == 200, "the row is written")
    return {"key": name, "secret": secret, "failed": headers["request-id"]}


def test_the_overview_tells_how_things_are(admin: Visit, asked: dict[str, str]) -> None:
    page = admin.open("overview", "Overview")
    expect(page.locator(".tile", has_text="Requests")).to_contain_text(re.compile(r"Requests\d+"))
    expect(page.get_by_text("have no known price")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile(r"fake, the last 24 hours: \d+ requests"))).to_be_visible()
    cursor = page.get_by_role("slider", name="Requests: moment", exact=True)
    cursor.focus()
    assert re.search(r": .*fake \d+", str(cursor.get_attribute("aria-valuetext")))
    before = cursor.get_attribute("aria-valuenow")
    cursor.press("ArrowLeft")
    assert cursor.get_attribute("aria-valuenow") == str(int(str(before)) - 1)
    page.locator(".chart-card", has_text="Requests").first.get_by_text("As a table").click()
    expect(page.get_by_role("group", name="Requests", exact=True).get_by_role("row")).to_have_count(25)
    assert admin.violations() == []
    page.get_by_role("button", name="1 hour").click()
    expect(page.get_by_role("group", name="Requests", exact=True).get_by_role("row")).to_have_count(61)
    for time, by in (("1 hour", "By key"), ("30 days", "By model")):
        page.get_by_role("button", name=time).click()
        page.get_by_role("button", name=by).click()
        expect(page.get_by_role("heading", name=f"In numbers, {by.lower()}")).to_be_visible()
    assert "last=30d" in page.url
    assert "by=model" in page.url


def test_the_overview_lives_while_it_is_seen(admin: Visit, asked: dict[str, str], site: Server) -> None:
    page = admin.page
    page.clock.install()
    admin.open("overview?by=key", "Overview")
    row = page.get_by_role("group", name="In numbers, by key").get_by_role("row", name=asked["key"])
    count = row.get_by_role("cell").first
    before = int(count.inner_text())
    body = {"model": "fake/one", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    _, _, headers = site.request("POST", "/v1/messages", body, {"x-api-key": asked["secret"]})
    site.row(headers["request-id"])
    page.clock.run_for(5000)
    expect(count).to_have_text(str(before + 1))


def test_requests_are_found_and_told(admin: Visit, asked: dict[str, str]) -> None:
    page = admin.open(f"requests?key={asked['key']}&status=error", "Requests")
    expect(page.get_by_label("Key", exact=True)).to_have_value(asked["key"])
    rows = page.get_by_role("group", name="Requests").get_by_role("row")
    expect(rows).to_have_count(2)
    assert admin.violations() == []
    page.get_by_label("Status").select_option("2xx")
    expect(rows).to_have_count(4)
    assert "status=2xx" in page.url
    page.get_by_label("Status").select_option("error")
    rows.nth(1).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Request")
    assert page.url.endswith(f"/console/requests/{asked['failed']}")
    expect(page.get_by_role("img", name=re.compile("1 attempt within"))).to_be_visible()
    expect(page.get_by_role("row", name="fake/one")).to_contain_text("400")
    assert admin.violations() == []
    page.go_back()
    expect(page.get_by_label("Status")).to_have_value("error")


def test_what_has_the_focus_keeps_it_while_requests_come(admin: Visit, asked: dict[str, str], site: Server) -> None:
    page = admin.page
    page.clock.install()
    admin.open(f"requests?key={asked['key']}", "Requests")
    rows = page.get_by_role("group", name="Requests").get_by_role("row")
    expect(rows).to_have_count(5)
    link = rows.nth(2).get_by_role("link")
    link.focus()
    address = link.get_attribute("href")
    body = {"model": "fake/one", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    _, _, headers = site.request("POST", "/v1/messages", body, {"x-api-key": asked["secret"]})
    site.row(headers["request-id"])
    page.clock.run_for(3100)
    expect(rows).to_have_count(6)
    assert page.evaluate("document.activeElement.getAttribute('href')") == address


def test_what_was_asked_before_the_choice_changed_is_not_shown(admin: Visit, asked: dict[str, str]) -> None:
    page = admin.page
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    def logs(route: Route) -> None:
        if "cursor=" in route.request.url:
            hold(route)
            return
        answer = route.fetch()
        more = None if "status=" in route.request.url else "more"
        route.fulfill(json={**answer.json(), "next": more})

    page.route("**/logs?*", logs)
    admin.open(f"requests?key={asked['key']}", "Requests")
    rows = page.get_by_role("group", name="Requests").get_by_role("row")
    expect(rows).to_have_count(5)
    with page.expect_request("**/logs?*cursor=more*"):
        page.get_by_role("button", name="Older ones").click()
    page.get_by_label("Status").select_option("error")
    expect(rows).to_have_count(2)
    held.pop().fulfill(json={"data": admin.get("/logs?status=2xx&limit=3")["data"], "next": None})
    page.evaluate("fetch('/health').then(() => fetch('/health'))")
    assert rows.count() == 2

    admin.sign_in(asked["secret"])
    page.route(re.compile("group_by=day"), hold)
    admin.open("usage", "Your usage")
    with page.expect_request("**/usage?group_by=day*"):
        page.get_by_role("button", name="30 days").click()
    with page.expect_response("**/usage?group_by=hour*"):
        page.get_by_role("button", name="7 days").click()
    moment = page.get_by_role("slider", name="Requests: moment")
    expect(moment).to_have_attribute("aria-valuemax", str(7 * 24 - 1))
    with page.expect_event("requestfinished", lambda request: "group_by=day" in request.url):
        held.pop().continue_()
    page.evaluate("fetch('/health').then(() => fetch('/health'))")
    assert moment.get_attribute("aria-valuemax") == str(7 * 24 - 1)


def test_nothing_is_asked_while_nobody_looks(admin: Visit, asked: dict[str, str]) -> None:
    page = admin.page
    page.clock.install()
    admin.open("overview", "Overview")
    questions: list[str] = []
    page.on("request", lambda request: questions.append(request.url))
    hide = "(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
    hide += "document.dispatchEvent(new Event('visibilitychange')); }"
    page.evaluate(hide, True)
    page.clock.run_for(60_000)
    assert questions == []
    with page.expect_response(lambda response: "/usage" in response.url):
        page.evaluate(hide, False)
    # All from the hour on with which the charts begin, so that tiles and charts tell of the same
    since = [parse_qs(urlsplit(url).query)["from"] for url in questions if "/usage" in url]
    assert [moment[0][-10:] for moment in since] == ["00:00.000Z"] * 4


def test_a_fault_in_a_filter_is_said(admin: Visit, asked: dict[str, str]) -> None:
    admin.expect(400)
    page = admin.open("requests?min_duration_ms=long", "Requests")
    expect(page.get_by_role("alert")).to_contain_text("min_duration_ms: ")
    admin.open("requests?from=2020-01-01&to=2020-01-02T03:04:05Z", "Requests")
    expect(page.get_by_text("None fits these filters.")).to_be_visible()
    time = page.get_by_label("Time")
    expect(time.locator("option:checked")).to_contain_text(re.compile("from .*2020.* until .*2020"))
    time.select_option("30d")
    expect(page.get_by_role("group", name="Requests").get_by_role("row").nth(1)).to_be_visible()
    assert page.url.endswith("/console/requests?last=30d")


def test_requests_are_exported(admin: Visit, asked: dict[str, str]) -> None:
    page = admin.open(f"requests?key={asked['key']}", "Requests")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == "logs.csv"
    lines = download.value.path().read_text().splitlines()
    assert len(lines) == 5
    assert lines[0].startswith("id,request_id,started_at")


def test_a_member_sees_the_own_usage(visit: Visit, asked: dict[str, str]) -> None:
    visit.sign_in(asked["secret"])
    page = visit.page
    page.goto(f"{visit.base}/console")
    expect(page.get_by_text(f"What the key {asked['key']} has used.")).to_be_visible()
    page.get_by_role("button", name="1 hour").click()
    expect(page.get_by_role("slider", name="Requests: moment")).to_have_attribute("aria-valuemax", "59")
    expect(page.get_by_role("row", name="one").get_by_role("cell").first).to_have_text("4")
    assert visit.violations() == []


def test_charts_and_tables_have_exact_values(admin: Visit, provider: str) -> None:
    page = admin.page

    def much(route: Route) -> None:
        period = "hour" if "hour" in route.request.url else ""
        numbers = {"requests": 12345, "input_tokens": 1234567, "cost_usd": 1234.56, "ttft_p95_ms": 1432.1, "errors": 0}
        others = ("output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "cancelled", "unpriced")
        times = ("ttft_p50_ms", "duration_p50_ms", "duration_p95_ms")
        now = page.evaluate("new Date(Math.floor(Date.now() / 3600000) * 3600000).toISOString()")
        row = {**dict.fromkeys(others, 0), **dict.fromkeys(times, None), **numbers, "provider": "fake", period: now}
        route.fulfill(json={"data": [row], "totals": row})

    page.route("**/usage?*", much)
    admin.open("overview", "Overview")
    shown = ("Requests: fake 12,345", "Cost: fake $1,234.56", "Tokens: Input 1,234,567", "First word: fake 1.432 s")
    for title, value in (text.split(": ") for text in shown):
        cursor = page.get_by_role("slider", name=f"{title}: moment", exact=True)
        cursor.focus()
        assert value in str(cursor.get_attribute("aria-valuetext"))
    page.locator(".chart-card", has=page.get_by_role("heading", name="Cost")).get_by_text("As a table").click()
    expect(page.get_by_role("group", name="Cost", exact=True).get_by_role("cell", name="$1,234.56")).to_be_visible()
    row = page.get_by_role("group", name="In numbers, by provider").get_by_role("row", name="fake")
    for value in ("12,345", "1,234,567", "$1,234.56"):
        expect(row.get_by_role("cell", name=value, exact=True)).to_be_visible()


def test_what_was_captured_is_shown_and_sent_again(
    admin: Visit, provider: str, api: Api, site: Server, upstream: FakeUpstream
) -> None:
    secret = api("POST", "/keys", {"name": "watched", "capture": "all"})[1]["secret"]
    body = {"model": "fake/one", "max_tokens": 9, "messages": [{"role": "user", "content": "What <b>now</b>?"}]}
    _, _, headers = site.request("POST", "/v1/messages", body, {"x-api-key": secret})
    id = headers["request-id"]
    until(lambda: api("GET", f"/logs/{id}/capture")[0] == 200, "the bodies are kept")
    upstream.script("two", Reply("Something else."))
    page = admin.open(f"requests/{id}", "Request")
    page.get_by_role("button", name="Show the bodies").click()
    expect(page.get_by_role("group", name="Request", exact=True)).to_contain_text("What <b>now</b>?")
    page.get_by_label("Send it again to").fill("fake/two")
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("group", name="First, the answer")).to_have_text("".join(WORDS))
    expect(page.get_by_role("group", name="Again, the answer")).to_have_text("Something else.")
    assert admin.violations() == []
