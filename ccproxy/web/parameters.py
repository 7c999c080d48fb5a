"""Query strings: each parameter becomes a value, or a 400 that names it and says what is allowed.

One that is empty counts as not given, so that a form can send all of its fields.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from werkzeug.datastructures import MultiDict

from ccproxy.errors import InvalidRequest
from ccproxy.web.fields import as_moment

LONGEST = 512
LONGEST_SPAN = timedelta(days=3660)

_SPAN = re.compile(r"([1-9][0-9]{0,4})([hd])", re.ASCII)
# In a query string a plus sign that nobody escaped is a blank
_BARE_PLUS = re.compile(r" (?=\d\d:\d\d$)", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1970, 9000


class Parameters:
    """What a request gave behind its `?`. Raises InvalidRequest for a name that is not `allowed` or comes twice."""

    def __init__(self, given: MultiDict[str, str], allowed: Collection[str]) -> None:
        for name, values in given.lists():
            if name not in allowed:
                shown = name if name.isprintable() and len(name) <= 64 else "a parameter"
                raise InvalidRequest(f"{shown}: is not a parameter here; there are {', '.join(allowed)}")
            if len(values) > 1:
                raise InvalidRequest(f"{name}: is given twice")
        self._given = given

    def text(self, name: str, longest: int = LONGEST) -> str | None:
        """What is given, None for nothing."""
        value = self._given.get(name, "").strip()
        if len(value) > longest or not value.isprintable():
            raise InvalidRequest(f"{name}: must be at most {longest} printable characters")
        return value or None

    def choice(self, name: str, allowed: Iterable[str], default: str) -> str:
        """One of some words."""
        value = self.text(name)
        if value is not None and value not in allowed:
            raise InvalidRequest(f"{name}: must be {' or '.join(allowed)}")
        return value or default

    def choices(self, name: str, allowed: Collection[str]) -> tuple[str, ...]:
        """Some of some words, commas between, each once."""
        values = [part.strip() for part in (self.text(name) or "").split(",") if part.strip()]
        if not set(values) <= set(allowed):
            raise InvalidRequest(f"{name}: must be a comma list of {', '.join(allowed)}")
        if len(values) != len(set(values)):
            raise InvalidRequest(f"{name}: has a word twice")
        return tuple(values)

    def whole(self, name: str, least: int, most: int) -> int | None:
        """A whole number within bounds."""
        value = self.text(name)
        if value is None:
            return None
        if not (value.isascii() and value.isdecimal() and len(value) < 16 and least <= int(value) <= most):
            raise InvalidRequest(f"{name}: must be a whole number from {least} to {most}")
        return int(value)

    def moment(self, name: str) -> datetime | None:
        """RFC 3339, or a date: then its beginning in UTC."""
        value = self.text(name)
        if value is None:
            return None
        found = as_moment(_BARE_PLUS.sub("+", value))
        if found is None:
            raise InvalidRequest(f"{name}: must be a time such as 2026-11-28T06:30:00Z, with its zone, or a date")
        # There has to be room for sums before and after it
        if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
            raise InvalidRequest(f"{name}: must lie in the years {_FIRST_YEAR} to {_LAST_YEAR}")
        return found

    def span(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        """`from` and `to`, or as far back as `last` says (`24h`, `7d`). Raises InvalidRequest for both."""
        since, until, last = self.moment("from"), self.moment("to"), self.text("last")
        if last is not None:
            if since or until:
                raise InvalidRequest("last: cannot be given beside from and to")
            since = now - self._span(last)
        if since is not None and until is not None and since >= until:
            raise InvalidRequest("from: must be before to")
        return since, until

    def _span(self, given: str) -> timedelta:
        found = _SPAN.fullmatch(given)
        length = timedelta(hours=int(found[1]) * (24 if found[2] == "d" else 1)) if found else timedelta.max
        if length > LONGEST_SPAN:
            raise InvalidRequest("last: must be a number of hours or days such as 24h or 7d")
        return length
