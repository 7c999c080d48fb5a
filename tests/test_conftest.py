"""What holds for all tests."""

from __future__ import annotations

import gevent
import pytest
from gevent.event import Event


def test_a_failure_in_a_greenlet_ends_the_test(capfd: pytest.CaptureFixture[str]) -> None:
    gevent.spawn(pytest.fail, "mine")
    with gevent.Timeout(20), pytest.raises(pytest.fail.Exception, match="mine"):
        Event().wait()
    assert "failed with Failed" in capfd.readouterr().err
