"""Lines on stdout: one JSON object each, or something a person likes to read."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator

import pytest
import structlog

from ccproxy import logs


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    urllib3 = logging.getLogger("urllib3").level
    yield
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)
    logging.getLogger("urllib3").setLevel(urllib3)


def test_a_line_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")
    structlog.get_logger().info("API action", type="api_action", tokens=3, odd=object)
    [line] = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert list(told)[:2] == ["level", "msg"]
    assert (told["level"], told["msg"], told["type"], told["tokens"]) == ("info", "API action", "api_action", 3)
    assert told["odd"] == "<class 'object'>"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told["time"])


def test_an_exception_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")
    try:
        raise ZeroDivisionError("a reason")
    except ZeroDivisionError:
        structlog.get_logger().exception("it broke")
    [line] = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert told["level"] == "error"
    assert "ZeroDivisionError: a reason" in told["exception"]


def test_no_traceback_shows_what_variables_hold(capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("json", "console"):
        logs.configure("info", form)
        try:
            held = "-".join(("sk", "secret", "of", "a", "provider"))  # the source line is shown
            raise ZeroDivisionError(len(held))
        except ZeroDivisionError:
            structlog.get_logger().exception("it broke")
    said = capsys.readouterr().out
    assert "ZeroDivisionError: 23" in said
    assert "sk-secret" not in said


def test_libraries_speak_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug", "json")
    logging.getLogger("somebody").warning("careful: %s", "x")
    logging.getLogger("urllib3.connectionpool").debug("not told")
    [line] = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert (told["level"], told["msg"]) == ("warning", "careful: x")
    assert "time" in told


@pytest.mark.parametrize(("level", "shown"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_levels(level: str, shown: int, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(level, "json")
    log = structlog.get_logger()
    for method in ("debug", "info", "warning", "error"):
        getattr(log, method)(method)
    assert len(capsys.readouterr().out.splitlines()) == shown


def test_the_console_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "console")
    structlog.get_logger().info("hello there", tokens=3)
    [line] = capsys.readouterr().out.splitlines()
    assert "hello there" in line
    assert "tokens" in line
    with pytest.raises(json.JSONDecodeError):
        json.loads(line)
