"""Fixtures for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from gevent.hub import Hub

REPOSITORY = Path(__file__).parent.parent

# A timeout's exception comes where the thread just is. In a greenlet it would end that alone, and the test wait on.
Hub.SYSTEM_ERROR += (pytest.fail.Exception,)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded traffic and client bodies beside the repository; tests that need it skip without it."""
    folder = REPOSITORY.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the folder of recorded traffic (../shared) is not here")
    return folder


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Long values are named by their argument: keys and tokens among them are made anew in each process, and all that
    share the run must find the same tests.
    """
    return argname if isinstance(val, str | bytes) and len(val) > 36 else None
