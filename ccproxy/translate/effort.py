"""How much a client wants the model to think, and the nearest that a provider has."""

from __future__ import annotations

from msgspec import Struct

from ccproxy.translate.messages import MessagesRequest

LEVELS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
# Budgets below these many tokens are a low and a medium effort.
_LOW = 4096
_MEDIUM = 16384


class Wish(Struct, frozen=True):
    """What the client asked for. Neither on nor off: `adaptive` or nothing, the provider's own default."""

    asked: bool = False
    on: bool = False
    off: bool = False
    budget: int | None = None
    effort: str | None = None

    @staticmethod
    def of(request: MessagesRequest) -> Wish:
        """The wish of a request, from `thinking` and `output_config.effort`."""
        thinking = request.thinking
        kind = thinking.type if thinking else ""
        return Wish(
            asked=kind not in ("", "disabled"),
            on=kind in ("enabled", "between_tools"),
            off=kind == "disabled",
            budget=thinking.budget_tokens if thinking else None,
            effort=request.output_config.effort if request.output_config else None,
        )

    @property
    def level(self) -> str | None:
        """The level by name, else by the budget; None where neither is given. A name may be none of LEVELS."""
        if self.effort is not None:
            return self.effort
        if self.budget is None:
            return None
        return "low" if self.budget < _LOW else "medium" if self.budget < _MEDIUM else "high"


def nearest(level: str, efforts: tuple[str, ...]) -> str:
    """The level itself or the nearest that there is, of two the stronger. `level` is one of LEVELS."""
    rank = LEVELS.index(level)
    known = [LEVELS.index(name) for name in efforts if name in LEVELS]
    return LEVELS[min(known, key=lambda one: (abs(one - rank), -one))] if known else efforts[0]
