from __future__ import annotations

import pytest
from msgspec import structs

from ccproxy.errors import DeadlinePassed, NotFound, Unreachable
from ccproxy.gateway.credentials import Credentials
from ccproxy.gateway.health import Health
from ccproxy.gateway.passthrough import Passthrough, leading
from ccproxy.gateway.upstream import Upstream
from ccproxy.presets.anthropic import ANTHROPIC
from ccproxy.translate.target import Target
from tests.fake_upstream import Answer, Exact, FakeUpstream, Hang, Pause, Stream, closed_port, head


def target(url: str = "", provider: str = "p", model: str = "m") -> Target:
    return Target(provider=provider, kind="anthropic", wire="anthropic", model=model, base_url=url, dialect=ANTHROPIC)


def through(idle: float = 30.0, total: float = 60.0) -> Passthrough:
    upstream = Upstream(connect=5.0, idle=idle)
    return Passthrough(upstream, Credentials(upstream), Health(None), total=total)


@pytest.mark.parametrize(
    ("way", "answer"),
    [
        (through(idle=0.05), Exact(head(200, {"Content-Length": "9"}), b"abc", Hang())),
        (through(total=0.05), Stream([b"abc"] * 1000, pause=0.01)),
    ],
)
def test_patience_ends(way: Passthrough, answer: Answer) -> None:
    with FakeUpstream() as provider:
        provider.models_answer = answer
        handed = way.ask([target(provider.url)], "GET", "/v1/files", {}, None)
        with pytest.raises(DeadlinePassed):
            list(handed.pieces())
        handed.close()


def test_nobody_there() -> None:
    gone = target(f"http://127.0.0.1:{closed_port()}")
    with pytest.raises(Unreachable):
        through().ask([gone], "GET", "/v1/files", {}, None)
    with pytest.raises(NotFound):
        through().ask([], "GET", "/v1/files", {}, None)


def test_the_targets_headers_win() -> None:
    with FakeUpstream() as provider:
        keyed = Target(
            provider="p",
            kind="anthropic",
            wire="anthropic",
            model="",
            base_url=provider.url,
            dialect=ANTHROPIC,
            headers={"x-api-key": "k", "anthropic-version": "mine"},
        )
        answer = through().ask([keyed], "GET", "/v1/files", {"anthropic-version": "theirs", "x-app": "cli"}, None)
        assert answer.whole()
        [seen] = provider.listings
    assert (seen.headers["x-api-key"], seen.headers["anthropic-version"]) == ("k", "mine")
    assert seen.headers["x-app"] == "cli"


def test_names_of_models() -> None:
    made = {"a": target(model="A"), "b": target(model="B")}
    assert leading(["b", "a", "b"], made.__getitem__) == (made["b"], {"a": "A", "b": "B"})


def test_all_keys_together_have_as_long_as_one() -> None:
    """The first one has used up all the time that there was, so there is none for the second one."""
    with FakeUpstream() as provider:
        provider.models_answer = Stream([b"{}"], status=401, before=(Pause(0.1),))
        keyed = structs.replace(target(provider.url), key="one", keys=("one", "two"))
        with pytest.raises(DeadlinePassed, match="took more than"):
            through(total=0.05).ask([keyed], "GET", "/v1/files", {}, None)
        assert len(provider.listings) == 1
