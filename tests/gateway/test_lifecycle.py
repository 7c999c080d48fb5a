"""A worker's last moments."""

from __future__ import annotations

import gevent
import pytest
from gevent.event import Event

from ccproxy.errors import Draining
from ccproxy.gateway.lifecycle import Lifecycle


class Request:
    """A request in a greenlet of its own, until `finish` is set or it is ended."""

    def __init__(self, lifecycle: Lifecycle) -> None:
        self.finish = Event()
        self.ended_by: BaseException | None = None
        self.greenlet = gevent.spawn(self._run, lifecycle)
        gevent.sleep(0)

    def _run(self, lifecycle: Lifecycle) -> None:
        token = lifecycle.enter()
        try:
            self.finish.wait()
        except Draining as error:
            self.ended_by = error
        finally:
            lifecycle.leave(token)


def test_requests_come_and_go() -> None:
    lifecycle = Lifecycle()
    first, second = Request(lifecycle), Request(lifecycle)
    assert lifecycle.live == 2
    first.finish.set()
    first.greenlet.join(1)
    assert lifecycle.live == 1
    lifecycle.leave(object())
    assert lifecycle.live == 1
    second.finish.set()
    second.greenlet.join(1)
    assert lifecycle.live == 0


def test_an_idle_worker_drains_at_once() -> None:
    lifecycle = Lifecycle()
    lifecycle.drain(3600)
    assert lifecycle.draining
    with pytest.raises(Draining) as caught:
        lifecycle.enter()
    assert (caught.value.status, caught.value.retry_after, caught.value.should_retry) == (503, 1, True)


def test_a_request_that_ends_in_time_is_left_alone() -> None:
    lifecycle = Lifecycle()
    request = Request(lifecycle)
    gevent.spawn(request.finish.set)
    lifecycle.drain(3600)
    assert request.ended_by is None
    assert lifecycle.live == 0


def test_a_request_that_takes_too_long_is_ended_with_a_reason() -> None:
    lifecycle = Lifecycle()
    request = Request(lifecycle)
    lifecycle.drain(0.01)
    assert isinstance(request.ended_by, Draining)
    assert lifecycle.live == 0
