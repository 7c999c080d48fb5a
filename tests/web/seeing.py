"""What pages about requests need: requests, and somebody who looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from ccproxy.errors import Forbidden
from ccproxy.gateway.access import Caller
from ccproxy.store.logbook import RequestRow, _insert
from ccproxy.store.session import write_engine
from ccproxy.web.services import EXTENSION
from tests.web.conftest import Site
from tests.web.test_errors import assert_error


def write(site: Site, rows: Sequence[RequestRow]) -> None:
    """As the log's writer does it."""
    with write_engine(site.services.reader._engine).begin() as connection:
        _insert(connection, rows)


def as_member(site: Site, name: str) -> None:
    """From now on the site is asked by a member of that name."""

    def require_admin(_environ: Any) -> Caller:
        raise Forbidden("only an administrator may do this")

    caller = Caller(name, "member", "10.0.0.7")
    gate: Any = SimpleNamespace(check=lambda _environ: caller, require_admin=require_admin, key_configured=True)
    site.app.extensions[EXTENSION] = replace(site.services, gate=gate)


def refused(response: Any, status: int, kind: str, words: str = "") -> None:
    """That an answer is this error, with these words in its message."""
    assert words in assert_error(response, status, kind)["message"]
