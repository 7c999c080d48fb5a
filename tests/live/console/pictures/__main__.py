"""A real server with a made-up team in its database, and a browser that takes pictures of its console.

    python -m tests.live.console.pictures        # writes docs/pictures/

Nothing of it leaves this machine: no provider is asked but one of ours, for the playground.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from ccproxy.store.logbook import Logbook
from ccproxy.store.migrations import migrate
from ccproxy.store.session import open_engine
from tests.fake_upstream import DONE, FakeUpstream, Stream, chunk, finish, usage
from tests.live.console.conftest import FLAGS, chromium
from tests.live.console.pictures import png, team
from tests.live.console.visit import Visit, new_context
from tests.live.server import ROOT, Server

FOLDER = ROOT / "docs" / "pictures"
WIDTH = 1280
KEY = "sk-pictures-0123456789"
QUESTION = "Why do keys of a cache need a version? One paragraph."
ANSWERS = {
    "openai/gpt-oss-120b": "A key names what was stored, not the code that stored it. When the form of a value "
    "changes, an old entry still fits its key, and new code reads what it cannot understand. A version in the "
    "key makes old entries unreachable at once, without a search for them; they leave the cache "
    "by themselves as they age.",
    "gpt-6.1-sol": "Because deploys are not atomic. For a while old and new processes share one cache, and each writes "
    "values in its own form. With a version in the key each of them reads only what its own kind has written, a "
    "rollback finds its entries again, and nobody has to empty the cache in the middle of the day.",
}
ASKED = {
    "model": "claude-opus-5-5",
    "max_tokens": 4096,
    "stream": True,
    "thinking": {"type": "adaptive"},
    "messages": [{"role": "user", "content": "Find out why the build is slow."}],
}


def overview(visit: Visit) -> Page:
    """A week by provider, down to the first charts."""
    page = visit.open("overview?last=7d", "Overview")
    page.locator(".chart-card svg").first.wait_for()
    return page


def requests(visit: Visit) -> Page:
    """The log."""
    page = visit.open("requests", "Requests")
    page.get_by_role("group", name="Requests").get_by_role("row").nth(5).wait_for()
    return page


def request(visit: Visit) -> Page:
    """One that was answered by the second of its targets."""
    [row] = visit.get("/logs?limit=1")["data"]
    page = visit.open(f"requests/{row['request_id']}", "Request")
    page.get_by_role("heading", name="Attempts").wait_for()
    return page


def providers(visit: Visit) -> Page:
    """All providers."""
    page = visit.open("providers", "Providers")
    page.get_by_text("workshop").first.wait_for()
    return page


def routes(visit: Visit) -> Page:
    """The routes, and what would become of a request."""
    page = visit.open("routes", "Routes")
    page.get_by_label("Request body").fill(json.dumps(ASKED, indent=2))
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_text("POST https://api.anthropic.com")).to_be_visible()
    page.get_by_label("Request body").evaluate("box => box.scrollTo(0, 0)")
    return page


def keys(visit: Visit) -> Page:
    """All keys."""
    page = visit.open("keys", "Keys")
    page.get_by_text("dmitri").first.wait_for()
    return page


def playground(visit: Visit) -> Page:
    """Two answers beside each other."""
    page = visit.open("playground?first=groq/openai/gpt-oss-120b&second=openai/gpt-6.1-sol", "Playground")
    page.get_by_label("Message").fill(QUESTION)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("end_turn")).to_have_count(2)
    return page


PICTURES: dict[str, tuple[Callable[[Visit], Page], bool, int]] = {
    "overview.png": (overview, False, 1000),
    "overview-dark.png": (overview, True, 1000),
    "requests.png": (requests, False, 800),
    "request.png": (request, False, 800),
    "providers.png": (providers, False, 800),
    "routes.png": (routes, False, 1290),
    "keys.png": (keys, False, 800),
    "playground.png": (playground, False, 830),
}
"""What is on each, whether in dark colours, and how many pixels high it is."""


def fill(database: Path) -> None:
    """Write the team's requests, as the proxy would have."""
    engine = open_engine(f"sqlite:///{database}")
    migrate(engine)
    rows = list(team.requests(datetime.now(UTC)))
    book = Logbook(engine, limit=len(rows))
    for row in rows:
        book.record(row)
    book.stop(timeout=120)
    assert book.dropped == 0
    engine.dispose()


def set_up(server: Server) -> None:
    """The team's providers, routes and keys, over the API."""
    for kind, fields in (("providers", team.PROVIDERS), ("routes", team.ROUTES), ("keys", team.KEYS)):
        for one in fields:
            secret = {"api_key": f"sk-made-up-{one['name']}-0123456789"} if kind == "providers" else {}
            status, answer, _ = server.request(
                "POST", f"/{kind}", {"enabled": True, **secret, **one}, {"x-api-key": KEY}
            )
            assert status == 201, answer


def play(server: Server, upstream: FakeUpstream) -> None:
    """From here on the two targets of the playground are ours."""
    for model, words in ANSWERS.items():
        pieces = [chunk(content=f"{word} ") for word in words.split()]
        upstream.script(model, Stream([chunk(role="assistant"), *pieces, finish(), usage(24, len(pieces)), DONE]))
    for name in ("groq", "openai"):
        fields = {"type": "openai-chat", "api_base_url": upstream.base_url}
        status, answer, _ = server.request("PUT", f"/providers/{name}", fields, {"x-api-key": KEY})
        assert status == 200, answer


def take(server: Server, upstream: FakeUpstream, path: str) -> None:
    """All pictures, by the Chromium at `path`."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, "--hide-scrollbars"])
        for name, (show, dark, height) in PICTURES.items():
            if show is playground:
                play(server, upstream)
            visit = Visit(new_context(browser, width=WIDTH, dark=dark), server.url)
            visit.page.set_viewport_size({"width": WIDTH, "height": height})
            visit.sign_in(KEY)
            page = show(visit)
            picture = png.smaller(page.screenshot(animations="disabled"))
            (FOLDER / name).write_bytes(picture)
            visit.assert_clean()
            visit.context.close()
            print(f"{name}: {len(picture) // 1000} kB")  # noqa: T201 (a program for the command line)
        browser.close()


def main() -> None:
    """Make them all anew."""
    path = chromium()
    if path is None:
        sys.exit("There is no Chromium here: apt-get install chromium, or name one in CHROMIUM.")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, FakeUpstream() as upstream:
        fill(Path(folder) / "ccproxy.db")
        with Server(Path(folder), settings={"apikey": KEY}) as server:
            set_up(server)
            take(server, upstream, path)


if __name__ == "__main__":
    main()
