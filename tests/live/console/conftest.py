"""One Chromium and one proxy for all tests of the console; each test has a visit of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.fake_upstream import DONE, FakeUpstream, Received, Reply, Stream, chunk, finish, usage
from tests.live.console.visit import Visit, new_context
from tests.live.server import Server

KEY = "sk-console-tests-0123456789"
SECRET = "sk-provider-in-the-browser-9876"
WORDS = ("Hello ", "from ", "the ", "provider.")
FLAGS = (
    "--no-sandbox",  # tests run as root in containers
    "--disable-gpu",
    # A browser that calls its maker would be waited for where there is no way out
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def chromium() -> str | None:
    """Where a Chromium is installed; CHROMIUM says it where it is somewhere else."""
    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if name and (path := shutil.which(name))), None)


# As long as this folder's tests run and no longer: while it does, nothing else in this thread can have an event loop.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A browser without a window."""
    path = chromium()
    if path is None:
        pytest.skip("there is no Chromium here: apt-get install chromium, or name one in CHROMIUM")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=[*FLAGS])
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def upstream() -> Iterator[FakeUpstream]:
    """A provider that says WORDS, one by one to whom wants a stream."""
    with FakeUpstream() as running:
        yield running


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A proxy with a key, two workers, and nothing set up."""
    with Server(tmp_path_factory.mktemp("console"), settings={"apikey": KEY}) as running:
        yield running


@pytest.fixture
def api(site: Server) -> Callable[..., tuple[int, object]]:
    """The API as an administrator calls it; status and JSON."""

    def call(method: str, path: str, body: object = None) -> tuple[int, object]:
        status, answer, _ = site.request(method, path, body, {"x-api-key": KEY})
        return status, answer

    return call


@pytest.fixture
def nothing(api: Callable[..., tuple[int, list[dict[str, str]]]], upstream: FakeUpstream) -> None:
    """No provider, no route, no key."""
    upstream.forget()
    upstream.script("*", said)
    for kind in ("routes", "providers", "keys"):
        for one in api("GET", f"/{kind}")[1]:
            api("DELETE", f"/{kind}/{quote(one['name'])}")


@pytest.fixture
def provider(nothing: None, api: Callable[..., tuple[int, object]], upstream: FakeUpstream) -> str:
    """The provider `fake` with two models."""
    fields = {"name": "fake", "api_base_url": upstream.base_url, "api_key": SECRET, "models": ["one", "two"]}
    assert api("POST", "/providers", fields)[0] == 201
    return "fake"


@pytest.fixture(scope="package")
def context(browser: Browser) -> BrowserContext:
    """A window on a desk, for one visit after the other."""
    return new_context(browser)


@pytest.fixture
def visit(context: BrowserContext, site: Server) -> Iterator[Visit]:
    """A visit of somebody who is not signed in."""
    made = Visit(context, site.url)
    yield made
    made.assert_clean()


@pytest.fixture
def admin(visit: Visit) -> Visit:
    """A visit of the administrator."""
    visit.sign_in(KEY)
    return visit


def said(received: Received) -> Reply | Stream:
    """The words, as a stream where one is wanted."""
    if not received.json.get("stream"):
        return Reply("".join(WORDS))
    return Stream([chunk(role="assistant"), *(chunk(content=word) for word in WORDS), finish(), usage(), DONE])
