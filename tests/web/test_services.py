"""The one value that everything hangs off."""

from __future__ import annotations

import pytest

from ccproxy.web.services import services
from tests.web.conftest import Site


def test_a_view_finds_the_services_of_its_application(site: Site) -> None:
    with site.app.app_context():
        assert services() is site.services


def test_outside_of_an_application_there_are_none() -> None:
    with pytest.raises(RuntimeError):
        services()


def test_uptime_is_counted_in_seconds(site: Site) -> None:
    assert 8130 <= site.services.uptime < 8190
