"""Fields that several documents of the admin API have: numbers, words, moments, networks.

Each says what is allowed, and none repeats a value.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from ipaddress import ip_network
from typing import Any

from marshmallow import ValidationError, fields

from ccproxy.gateway.peers import unmapped_network
from ccproxy.web.schemas import Text, require

MOST_WHOLE = 10**15  # SQLite's integers have 64 bits, and JSON's readers often 53
MOST_AMOUNT = 10**9
MOST_NETWORKS = 200


class OneOf(Text):
    """One of a few words."""

    def __init__(self, choices: tuple[str, ...], **options: Any) -> None:
        super().__init__(**options)
        self.choices = choices

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        text = super()._deserialize(value)
        require(text in self.choices, f"must be one of {', '.join(self.choices)}")
        return text


class Whole(fields.Field[int]):
    """A whole number within bounds."""

    def __init__(self, least: int, most: int = MOST_WHOLE, **options: Any) -> None:
        self.least = least
        self.most = most
        self.form = f"must be a whole number from {least} to {most}"
        super().__init__(**options, error_messages={"null": self.form})

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        whole = isinstance(value, int) and not isinstance(value, bool)
        require(whole and self.least <= value <= self.most, self.form)
        return int(value)


class Amount(fields.Field[float]):
    """A number above zero (`zero`: or zero), such as of dollars."""

    def __init__(self, *, zero: bool = False, **options: Any) -> None:
        self.zero = zero
        self.form = f"must be a number {'from' if zero else 'above'} 0, at most {MOST_AMOUNT}"
        super().__init__(**options, error_messages={"null": self.form, "required": "is missing"})

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> float:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        require(number and 0 <= value <= MOST_AMOUNT and (value or self.zero), self.form)  # which NaN is not
        return float(value)


class Moment(fields.Field[datetime]):
    """A moment with its zone, as RFC 3339 has it, or a day, which stands for its beginning in UTC."""

    FORM = "must be a moment such as 2026-12-31T18:00:00Z, or a day such as 2026-12-31"

    default_error_messages = {"null": FORM}  # noqa: RUF012

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        found = as_moment(value) if isinstance(value, str) else None
        if found is None:
            raise ValidationError(self.FORM)
        return found


def as_moment(text: str) -> datetime | None:
    """The moment that a text means, in UTC; None where it means none."""
    try:
        if len(text) == len("2026-12-31"):
            return datetime.combine(date.fromisoformat(text), time(), UTC)
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


class Networks(fields.Field[tuple[str, ...]]):
    """CIDR blocks; a bare address is that address alone, and IPv4 written as IPv6 (`::ffff:10.0.0.0/104`) is IPv4."""

    default_error_messages = {"null": "must be a list of CIDR blocks such as 10.0.0.0/8"}  # noqa: RUF012

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[str, ...]:
        require(isinstance(value, list), "must be a list of CIDR blocks such as 10.0.0.0/8")
        require(len(value) <= MOST_NETWORKS, f"must not hold more than {MOST_NETWORKS}")
        faults: dict[Any, list[str]] = {}
        found = []
        for index, block in enumerate(value):
            try:
                found.append(str(unmapped_network(ip_network(Text().deserialize(block)))))
            except (ValueError, ValidationError):
                faults[index] = ["must be a CIDR block without host bits, such as 10.0.0.0/8"]
        if faults:
            raise ValidationError(faults)
        return tuple(found)
