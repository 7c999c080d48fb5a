"""The one value that everything hangs off."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from ccproxy.metrics.standing import Busy
from ccproxy.web.services import services
from tests.web.conftest import Site


def test_a_view_finds_the_services_of_its_application(site: Site) -> None:
    with site.app.app_context():
        assert services() is site.services


def test_outside_of_an_application_there_are_none() -> None:
    with pytest.raises(RuntimeError):
        services()


def test_what_a_worker_is_busy_with(site: Site) -> None:
    logbook: Any = SimpleNamespace(queued=4, dropped=2)
    captures: Any = SimpleNamespace(queued=3, queued_bytes=5000, dropped=1)
    site.services.lifecycle.enter()
    parts = replace(site.services, logbook=logbook, captures=captures)
    assert parts.busy == Busy(in_flight=1, rows=4, rows_dropped=2, captures=3, capture_bytes=5000, captures_dropped=1)


def test_uptime_is_counted_in_seconds(site: Site) -> None:
    assert 8130 <= site.services.uptime < 8190
