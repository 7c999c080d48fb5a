"""Who did what, told by a real server; and its database saved while it runs, and put back when it does not."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from ccproxy.store.backup import make
from ccproxy.store.occupancy import InUse
from ccproxy.store.restore import restore
from tests.live.server import Server, until

KEY = "sk-live-audit-0123456789"
SENT = {"x-api-key": KEY}
REFUSED = 40


def add(server: Server, name: str) -> None:
    server.add_provider(name, "http://127.0.0.1:9/v1", api_key="sk-provider-0123456789")


def events(server: Server, query: str) -> list[dict[str, Any]]:
    status, page, _ = server.request("GET", f"/audit?{query}", headers=SENT)
    assert status == 200, page
    found: list[dict[str, Any]] = page["data"]
    return found


def told(database: Path) -> int:
    """How many refusals the audit in a database knows of."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT detail FROM audit_events WHERE action = 'sign_in.refused'").fetchall()
    return sum(int(detail.split("; ")[1].split()[0]) if " times since " in detail else 1 for (detail,) in rows)


def test_changes_refusals_and_a_backup_of_it_all(tmp_path: Path) -> None:
    file = tmp_path / "saved.tar"
    server = Server(tmp_path, settings={"apikey": KEY})
    url = server.environ["CCPROXY_DATABASE_URL"]
    with server:
        add(server, "first")
        [event] = events(server, "subject=first")
        assert (event["action"], event["actor"], event["address"]) == ("provider.create", "key", "127.0.0.1")
        for number in range(REFUSED):
            path = ("/providers", "/v1/models", "/health", "/audit")[number % 4]
            server.request("GET", path, headers={"x-api-key": "sk-wrong-0123456789"})
        # The others of each worker wait for their minute, or for its end
        until(lambda: events(server, "action=sign_in.refused"), "the first refusal is told")

        ending = threading.Event()
        added = []

        def write() -> None:
            while not ending.is_set():
                add(server, f"p{len(added)}")
                added.append(f"p{len(added)}")

        writer = threading.Thread(target=write)
        writer.start()
        try:
            until(lambda: len(added) > 3, "somebody writes")
            make(url, file, with_keys=True)
            there = len(added)
            until(lambda: len(added) > there + 3, "somebody goes on writing")
        finally:
            ending.set()
            writer.join()
        with pytest.raises(InUse, match="a running ccproxy uses"):
            restore(url, file)
    kept = restore(url, file).kept[0]

    with server:
        names = [provider["name"] for provider in server.request("GET", "/providers", headers=SENT)[1]]
        assert names == ["first", *(f"p{number}" for number in range(len(names) - 1))]
        assert 3 < len(names) - 1 <= there + 1
        assert {event["subject"] for event in events(server, "limit=500&action=provider.create")} == set(names)
        assert events(server, "limit=1")[0]["action"] == "database.restore"
    assert told(kept) == REFUSED, "the end of the workers wrote those that waited for their minute"
    assert b"sk-wrong" not in kept.read_bytes()
