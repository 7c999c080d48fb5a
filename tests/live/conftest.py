"""One server and one scripted provider for all live tests that do not need their own."""

from __future__ import annotations

from collections.abc import Iterator

import anthropic
import pytest

from tests.fake_upstream import FakeUpstream
from tests.live.server import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two workers, no key."""
    with Server(tmp_path_factory.mktemp("live")) as running:
        yield running


@pytest.fixture(scope="session")
def _provider(server: Server) -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        server.add_provider("fake", upstream.base_url, api_key="sk-provider-0123456789")
        yield upstream


@pytest.fixture
def provider(_provider: FakeUpstream) -> FakeUpstream:
    """The provider `fake`, with nothing scripted and nothing remembered."""
    _provider.forget()
    return _provider


@pytest.fixture
def client(server: Server) -> Iterator[anthropic.Anthropic]:
    """The Python SDK's client, without its retries."""
    with anthropic.Anthropic(base_url=server.url, api_key="local", max_retries=0) as made:
        yield made
