"""One visit of a browser to the console, with an eye on all that must not happen meanwhile.

A message of the page's console that is an error, a violation of the content security policy, an exception that nobody
caught, a request to any other host: each is a fault of the visit, and `assert_clean` names them.
"""

from __future__ import annotations

import importlib.resources
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

CONSOLE = {"X-CCProxy-Console": "1"}
LIMIT = 10_000
"""Milliseconds after which what should be there counts as missing."""
_AXE = importlib.resources.files("axe_playwright_python").joinpath("axe.min.js").read_text()
_VIOLATIONS = """
    async (only) => {
        const { violations } = await axe.run(document, only ? { runOnly: only } : {});
        return violations.flatMap(({ id, help, nodes }) =>
            nodes.map((node) => `${id} (${help}): ${node.html.slice(0, 200)} ${node.failureSummary}`));
    }
"""


def new_context(browser: Browser, *, width: int = 1280, dark: bool = False) -> BrowserContext:
    """A window of that many pixels, in light or dark colours."""
    scheme: Literal["dark", "light"] = "dark" if dark else "light"
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    context.set_default_timeout(LIMIT)
    return context


@dataclass
class Visit:
    """A page of a browser that nobody is signed in to, and what went wrong in it."""

    context: BrowserContext
    base: str
    faults: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    page: Page = field(init=False)

    def __post_init__(self) -> None:
        self.page = self.context.new_page()
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.faults.append(f"exception: {error}"))
        self.page.on("request", self._asked)

    def expect(self, status: int) -> None:
        """The browser may say that something was answered with this status."""
        self.expected.append(rf"responded with a status of {status} ")

    def sign_in(self, key: str) -> None:
        """Have a session, without the form."""
        answer = self.context.request.post(f"{self.base}/console/session", headers=CONSOLE, data={"key": key})
        assert answer.ok, answer.text()

    def open(self, path: str, heading: str) -> Page:
        """Go to a page of the console, and wait for its heading."""
        self.page.goto(f"{self.base}/console/{path}")
        self.page.get_by_role("heading", level=1, name=heading, exact=True).wait_for()
        return self.page

    def violations(self, only: list[str] | None = None) -> list[str]:
        """What axe finds wrong with the page as it is now, by all of its rules or those."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(_AXE)
        found: list[str] = self.page.evaluate(_VIOLATIONS, only)
        return found

    def overflow(self) -> int:
        """How many pixels the page is wider than its window."""
        # The body leaves out what is kept free for a scroll bar, which clientWidth counts in
        wide: int = self.page.evaluate("document.documentElement.scrollWidth - document.body.offsetWidth")
        return wide

    def get(self, path: str) -> Any:
        """What the API answers to this session."""
        answer = self.context.request.get(self.base + path, headers=CONSOLE)
        assert answer.ok, answer.text()
        return answer.json()

    def assert_clean(self) -> None:
        """Fail where anything went wrong. Leaves the context as it was, but for files that it need not fetch again."""
        if self.page.url.startswith(self.base):
            self.page.evaluate("localStorage.clear()")
        self.page.close()
        self.context.clear_cookies()
        assert self.faults == []

    def _said(self, message: ConsoleMessage) -> None:
        if message.type != "error" or any(re.search(pattern, message.text) for pattern in self.expected):
            return
        self.faults.append(f"console: {message.text} ({message.location.get('url')})")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.base + "/", "data:", "blob:")):
            self.faults.append(f"asked elsewhere: {request.url}")
