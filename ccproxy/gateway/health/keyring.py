"""The keys of a provider that has several, and whose turn it is."""

from __future__ import annotations

from collections.abc import Sequence

from ccproxy.gateway.credentials import keys
from ccproxy.translate.target import Target


def keys_of(target: Target) -> tuple[str, ...]:
    """All keys that the target may be asked with; none where it wants none."""
    return target.keys or ((target.key,) if target.key else ())


def mark(key: str | None) -> str:
    """The key's fingerprint; "" for no key."""
    return keys.fingerprint(key) if key else ""


class Uses:
    """How often each key of a provider was taken by this worker."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def by_least(self, fingerprints: Sequence[str]) -> list[str]:
        """The keys, the one that was taken least first; equal ones in their order."""
        return sorted(fingerprints, key=lambda fingerprint: self._counts.get(fingerprint, 0))

    def take(self, fingerprint: str, among: Sequence[str]) -> None:
        """Count it. One that was out of use for a while does not make up for it: it begins where the others are."""
        others = [self._counts[other] for other in among if other != fingerprint and other in self._counts]
        floor = min(others, default=0) - 1
        self._counts[fingerprint] = max(self._counts.get(fingerprint, 0), floor) + 1

    def keep(self, fingerprints: Sequence[str]) -> None:
        """Forget all but these: the provider's keys have changed."""
        self._counts = {name: count for name, count in self._counts.items() if name in fingerprints}
