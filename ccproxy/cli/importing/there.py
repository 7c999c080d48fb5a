"""What is set up in the proxy already, and in what a provider that is to be set up differs from the one of its name.

A document comes to the same fields here as in the admin API. That shows no keys, so these are compared by their ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ccproxy.cli.api import Api
from ccproxy.errors import InvalidRequest
from ccproxy.store.providers import Provider
from ccproxy.web.definitions import define
from ccproxy.web.schemas import read_provider, show_provider

_WORDS = {
    "type": "type",
    "api_base_url": "address",
    "api_key_hints": "keys",
    "headers": "headers",
    "options": "options",
    "models": "models",
    "enabled": "being enabled",
}
# Where requests go, and with what, is the same whatever else a provider lists; and one that is off was switched off.
_HARMLESS = frozenset({"models", "being enabled"})
_ELSEWHERE = frozenset({"type", "address"})


@dataclass(frozen=True, slots=True)
class There:
    """The providers that there are, as the admin API shows them, and the names of the routes."""

    providers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    routes: frozenset[str] = frozenset()

    @classmethod
    def at(cls, api: Api) -> There:
        """What is set up at a running proxy."""
        return cls(
            {provider["name"]: provider for provider in api.get("/providers")},
            frozenset(route["name"] for route in api.get("/routes")),
        )

    def differences(self, document: Mapping[str, Any]) -> tuple[str, ...]:
        """In what the document differs from the provider that has its name, in words.

        Of one that the proxy will not take nothing can be told: it differs in its form.
        """
        known = self.providers[document["name"]]
        try:
            wanted = show_provider(Provider(**define(read_provider(document), resolve=None)))
        except InvalidRequest:
            return ("form",)
        return tuple(word for name, word in _WORDS.items() if wanted[name] != known.get(name))

    def conflicts(self, document: Mapping[str, Any]) -> tuple[str, ...]:
        """Those differences with which requests would go to another server, with another key or in another way."""
        return tuple(word for word in self.differences(document) if word not in _HARMLESS)

    def is_elsewhere(self, document: Mapping[str, Any]) -> bool:
        """Whether the provider of the document's name is at another server, so that its key is not for this one."""
        return not _ELSEWHERE.isdisjoint(self.differences(document))

    def described(self, name: str) -> str:
        """A provider that there is, in words."""
        known = self.providers[name]
        off = "" if known.get("enabled", True) else ", not enabled"
        return f"{known.get('type')} at {known.get('api_base_url')}{off}"
