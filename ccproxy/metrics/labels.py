"""Which names become values of labels. Bounded, whatever clients ask for and call themselves.

Each combination of values is a time series that a worker keeps for ever, and Prometheus too. So of every kind only so
many names are taken, first come, first served; the others are counted together as `other`. A model has to earn its
name: its provider lists it, or it has answered.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

OTHER = "other"
NONE = "none"
"""What stands where there is no name: Prometheus does not tell an empty value from none at all."""

MOST_PROVIDERS = 100
MOST_MODELS = 200
MOST_ROUTES = 100
MOST_KEYS = 100
MOST_CLIENTS = 20
MOST_TYPES = 30
LONGEST = 120

K = TypeVar("K", bound=Hashable)


class Names:
    """The names of one kind that are taken so far."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: set[str] = set()

    def take(self, name: str | None) -> str:
        """The label's value for a name."""
        if not name:
            return NONE
        if name in self._taken:
            return name
        # Half a surrogate pair would be no UTF-8, and with it nothing of all that is counted could be shown
        if len(self._taken) >= self._most or len(name) > LONGEST or not name.isprintable():
            return OTHER
        self._taken.add(name)
        return name


class Models:
    """The models that are taken so far. `listed`: whether a provider's own list has the model."""

    def __init__(self, listed: Callable[[str, str], bool], most: int = MOST_MODELS) -> None:
        self._listed = listed
        self._most = most
        self._taken: set[tuple[str, str]] = set()

    def __len__(self) -> int:
        return len(self._taken)

    def take(self, provider: str | None, model: str | None, answered: bool) -> str:
        """The label's value for a provider's model, of which it is known whether it answered just now."""
        if not model or not provider:
            return NONE
        pair = (provider, model)
        if pair in self._taken:
            return model
        if len(self._taken) >= self._most or not (answered or self._listed(provider, model)):
            return OTHER
        if len(model) > LONGEST or not model.isprintable():
            return OTHER
        self._taken.add(pair)
        return model


class Sets:
    """The combinations of values that one metric has so far: the names in them may be few and their product not."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: set[tuple[str, ...]] = set()

    def take(self, values: tuple[str, ...], coarse: tuple[str, ...]) -> tuple[str, ...]:
        """The values, or the coarse ones where there are too many already."""
        if values in self._taken:
            return values
        if len(self._taken) >= self._most:
            return coarse
        self._taken.add(values)
        return values
