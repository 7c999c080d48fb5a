"""The tools that a provider of chat completions runs itself: its web search and web fetch.

`dialect.web_search` and `dialect.web_fetch` name them by what they are called on the wire, and each name stands for
one form (provider docs; SDK types). Limits that a form has no room for are reported.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, Struct

from ccproxy.translate import searches
from ccproxy.translate.draft import Draft, given
from ccproxy.translate.functions import unserved
from ccproxy.translate.messages import Tool

# What a web tool of Anthropic's may ask for, beside its name.
_WISHES = (
    "max_uses",
    "allowed_domains",
    "blocked_domains",
    "user_location",
    "response_inclusion",
    "citations",
    "max_content_tokens",
    "use_cache",
    "url_sources",
    "cache_control",
    "defer_loading",
    "strict",
)
_PLACE = ("city", "region", "country", "timezone")
_MOST_DOMAINS = 20  # that Perplexity filters by


class Hosted(Struct):
    """The provider's own tools: `tools` belong among the functions, `fields` into the body.

    `names` are those that the client gave them.
    """

    tools: list[dict[str, Any]]
    fields: dict[str, Any]
    names: list[str]


def hosted(served: list[tuple[int, Tool]], draft: Draft, *, alone: bool) -> Hosted:
    """The provider's tools for those that the client wants a server to run; what it has not is reported.

    `alone`: nothing but such tools was asked for, so that a search is what the request is about. Raises Uncarriable
    for a tool that nothing can replace.
    """
    found = Hosted([], {}, [])
    left: list[tuple[int, Tool]] = []
    for index, tool in served:
        if searches.is_search(tool):
            name = draft.dialect.web_search
        else:
            name = draft.dialect.web_fetch if searches.is_fetch(tool) else ""
        if name and tool.name not in found.names:
            found.names.append(tool.name)
            _report(tool, index, _FORMS[name](_Asked(tool, alone), found), draft)
        else:
            left.append((index, tool))
    unserved(left, draft)
    return found


class _Asked:
    """What a web tool is asked for, and by its `taken` what of that has gone into the provider's form."""

    def __init__(self, tool: Tool, alone: bool) -> None:
        self.alone = alone
        self.taken: set[str] = set()
        self._tool = tool

    def get(self, wish: str) -> Any:
        """The wish's value, which is taken with it; None where it is none."""
        self.taken.add(wish)
        return getattr(self._tool, wish)

    def domains(self) -> tuple[list[str], list[str]]:
        """The domains to search, and those to leave out; no provider takes both at once."""
        return self.get("allowed_domains") or [], self.get("blocked_domains") or []

    def place(self) -> dict[str, str]:
        """Where the user is, by the names of the API."""
        value = self._tool.user_location
        self.taken.add("user_location")
        if value is UNSET or not given(value):
            return {}
        known = msgspec.json.decode(value)
        if not isinstance(known, dict):
            return {}
        return {name: known[name] for name in _PLACE if known.get(name)}


def _openrouter_search(asked: _Asked, found: Hosted) -> set[str]:
    allowed, blocked = asked.domains()
    about = {
        "allowed_domains": allowed,
        "excluded_domains": [] if allowed else blocked,
        "max_uses": asked.get("max_uses"),
        "user_location": _approximate(asked.place()),
    }
    found.tools.append(_with_parameters("openrouter:web_search", about))
    return asked.taken - ({"blocked_domains"} if allowed else set())


def _openrouter_fetch(asked: _Asked, found: Hosted) -> set[str]:
    names = ("allowed_domains", "blocked_domains", "max_uses", "max_content_tokens")
    found.tools.append(_with_parameters("openrouter:web_fetch", {name: asked.get(name) for name in names}))
    return asked.taken


def _with_parameters(kind: str, about: dict[str, Any]) -> dict[str, Any]:
    parameters = {name: value for name, value in about.items() if value}
    return {"type": kind, "parameters": parameters} if parameters else {"type": kind}


def _browser(asked: _Asked, found: Hosted) -> set[str]:
    """Groq's, which takes nothing."""
    found.tools.append({"type": "browser_search"})
    return asked.taken


def _settings(asked: _Asked, found: Hosted) -> set[str]:
    """Groq's systems that search by themselves."""
    allowed, blocked = asked.domains()
    settings = {"include_domains": allowed, "exclude_domains": blocked}
    found.fields["search_settings"] = {name: value for name, value in settings.items() if value}
    return asked.taken


def _options(asked: _Asked, found: Hosted) -> set[str]:
    """OpenAI's search models."""
    place = asked.place()
    location = {"user_location": {"type": "approximate", "approximate": place}} if place else {}
    found.fields["web_search_options"] = location
    return asked.taken


def _filter(asked: _Asked, found: Hosted) -> set[str]:
    """Perplexity, which searches anyway; its filter is a list of domains, or of those to leave out."""
    allowed, blocked = asked.domains()
    domains = allowed or [f"-{domain}" for domain in blocked]
    if domains:
        found.fields["search_domain_filter"] = domains[:_MOST_DOMAINS]
    place = asked.place()
    if place:
        place.pop("timezone", None)
        found.fields["web_search_options"] = {"user_location": place}
    if len(domains) > _MOST_DOMAINS:
        asked.taken.discard("allowed_domains" if allowed else "blocked_domains")
    return asked.taken - ({"blocked_domains"} if allowed else set())


def _switch(asked: _Asked, found: Hosted) -> set[str]:
    """Qwen's, which decides for itself whether to search unless it is forced."""
    found.fields["enable_search"] = True
    if asked.alone:
        found.fields["search_options"] = {"forced_search": True}
    return asked.taken


def _glm(asked: _Asked, found: Hosted) -> set[str]:
    """Z.ai's, which filters by one domain."""
    search: dict[str, Any] = {"enable": True, "search_engine": "search-prime", "search_result": True}
    allowed = asked.get("allowed_domains") or []
    if len(allowed) == 1:
        search["search_domain_filter"] = allowed[0]
    found.tools.append({"type": "web_search", "web_search": search})
    return asked.taken if len(allowed) == 1 else set()


_FORMS = {
    "openrouter:web_search": _openrouter_search,
    "openrouter:web_fetch": _openrouter_fetch,
    "browser_search": _browser,
    "search_settings": _settings,
    "web_search_options": _options,
    "search_domain_filter": _filter,
    "enable_search": _switch,
    "web_search": _glm,
}


def _approximate(place: dict[str, str]) -> dict[str, str]:
    return {"type": "approximate", **place} if place else {}


def _report(tool: Tool, index: int, taken: set[str], draft: Draft) -> None:
    """The wishes that were not taken."""
    for name in _WISHES:
        value = getattr(tool, name)
        if name in taken or value is UNSET or value is None or value is False or value == []:
            continue
        if not isinstance(value, msgspec.Raw) or given(value):
            draft.losses.append(f"tools[{index}].{name}")
    if tool.allowed_callers is not UNSET and bytes(tool.allowed_callers).replace(b" ", b"") != b'["direct"]':
        draft.lose(tool.allowed_callers, f"tools[{index}].allowed_callers")
