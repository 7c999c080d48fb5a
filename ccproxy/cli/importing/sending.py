"""What an import comes to, sent to the proxy document by document, and what became of each.

What is there already stays unless it is to be replaced. Then nothing of it is left: a field that the new document does
not give has its default again, so that no key ends at another server and no route keeps half of what it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccproxy import presets
from ccproxy.cli.api import Api, NoAnswer, Refused, Strange
from ccproxy.cli.importing import plain
from ccproxy.cli.importing.carried import Left, masked
from ccproxy.cli.importing.there import There
from ccproxy.cli.terminal import say
from ccproxy.errors import InvalidRequest
from ccproxy.web.definitions import DEFAULT_TYPE
from ccproxy.web.schemas import CAMEL_CASE

_PROVIDER: Mapping[str, Any] = {"api_base_url": None, "models": [], "enabled": True, "headers": {}, "options": {}}
_ROUTE: Mapping[str, Any] = {
    "strategy": "fallback",
    "priority": 0,
    "enabled": True,
    "retries": 1,
    "first_byte_timeout": None,
    "resume": False,
    "capture": "off",
}


class Sent:
    """What became of each document that was sent. Where the proxy stops answering, the rest is said to be missing."""

    def __init__(self, api: Api, there: There, replace: bool) -> None:
        self._api = api
        self._there = there
        self._replace = replace
        self._gone = ""
        self._kept: set[str] = set()
        self.done = self.kept = self.failed = 0

    def providers(self, documents: list[dict[str, Any]]) -> None:
        """Send providers, and say of each what became of it."""
        for document in documents:
            name = str(document["name"])
            there = name in self._there.providers
            differences = self._there.differences(document) if there else ()
            if there and not self._replace:
                self._is_there("provider", name, differences)
                sent = False
            else:
                whole = self._whole_provider(document) if there else document
                sent = self._send("provider", name, whole)
            if there and not sent and self._there.conflicts(document):
                self._kept.add(name)

    def routes(self, documents: list[dict[str, Any]]) -> None:
        """Send routes, and say of each what became of it, and where it leads if that is not what the file says."""
        for document in documents:
            name = str(document.get("name"))
            there = name in self._there.routes
            if there and not self._replace:
                self._is_there("route", name)
            elif self._send("route", name, {**_ROUTE, **document} if there else document):
                self._leads_elsewhere(name, document)

    def summary(self) -> str:
        """The figures, in words."""
        parts = (
            f"{self.done} set up",
            self.kept and f"{self.kept} there already",
            self.failed and f"{self.failed} not",
        )
        return ", ".join(part for part in parts if part)

    def _is_there(self, noun: str, name: str, differences: tuple[str, ...] = ()) -> None:
        if self._gone:
            self._not(noun, name, self._gone)
            return
        self.kept += 1
        otherwise = f", and differs in {', '.join(differences)}" if differences else ""
        say(f"not carried: {noun} {name}: is there already{otherwise}; --replace changes it", err=True)

    def _whole_provider(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The provider with all that makes one. The key that is there stays only for the server that it is for."""
        given = {CAMEL_CASE.get(name, name) for name in document}
        name = document["name"]
        whole = {"type": name if presets.find(name) else DEFAULT_TYPE, **_PROVIDER}
        if not {"api_key", "api_keys"} & given and self._there.is_elsewhere(document):
            whole["api_key"] = None
        return {name: value for name, value in whole.items() if name not in given} | dict(document)

    def _send(self, noun: str, name: str, document: Mapping[str, Any]) -> bool:
        if self._gone:
            self._not(noun, name, self._gone)
            return False
        try:
            status, _ = self._api.ask("POST", f"/{noun}s", document)
        except (Refused, InvalidRequest) as error:
            self._not(noun, name, error.message)
            return False
        except (NoAnswer, Strange) as error:
            self._gone = error.message
            self._not(noun, name, error.message)
            return False
        self.done += 1
        say(f"{noun} {name} {'added' if status == 201 else 'changed'}")
        return True

    def _leads_elsewhere(self, name: str, document: Mapping[str, Any]) -> None:
        """Say which targets are at a provider that is not the file's, though it has its name."""
        for target in document.get("targets", ()):
            read = plain.target(target) or {}
            provider = str(read.get("provider"))
            if provider in self._kept:
                why = f"{provider}/{read['model']} is the proxy's own {provider}, {self._there.described(provider)}"
                say(masked(str(Left(f"route {name}", why, otherwise=True))), err=True)

    def _not(self, noun: str, name: str, why: str) -> None:
        self.failed += 1
        say(f"not carried: {noun} {name}: {masked(why)}", err=True)
