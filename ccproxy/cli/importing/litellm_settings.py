"""What a LiteLLM config says of all its routes: `router_settings` and `litellm_settings`, and their aliases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccproxy.cli.importing.carried import Carried
from ccproxy.cli.importing.litellm_params import as_object

_STRATEGIES = {
    "simple-shuffle": "weighted",
    "latency-based-routing": "fastest",
    "cost-based-routing": "cheapest",
}
# In either of two places, of which the first counts where both say something.
_FALLBACKS = ("fallbacks", "context_window_fallbacks")
_ROUTER = frozenset({"routing_strategy", "num_retries", "model_group_alias", "default_fallbacks", *_FALLBACKS})
_LITELLM = frozenset({"num_retries", "default_fallbacks", "drop_params", "set_verbose", *_FALLBACKS})
_MOST_RETRIES = 5
_WHY = {
    "master_key": "ccproxy's own key is CCPROXY_APIKEY",
    "database_url": "ccproxy's own database is CCPROXY_DATABASE_URL",
    "cooldown_time": "ccproxy decides by itself how long what failed rests",
    "allowed_fails": "ccproxy decides by itself when what failed rests",
    "content_policy_fallbacks": "a refusal is an answer here, not a failure",
    "request_timeout": "CCPROXY_REQUEST_TIMEOUT, for all requests",
    "timeout": "CCPROXY_REQUEST_TIMEOUT, for all requests",
    "stream_timeout": "a route's first_byte_timeout comes near",
}
_UNKNOWN = "not known here"


class Settings:
    """What `router_settings` and `litellm_settings` say of all routes, and what of them is not carried."""

    def __init__(self, document: Mapping[str, Any], carried: Carried) -> None:
        self._carried = carried
        self._router = as_object(document.get("router_settings"))
        self._litellm = as_object(document.get("litellm_settings"))
        self._general = as_object(document.get("general_settings"))
        strategy = self._router.get("routing_strategy")
        self.strategy = _STRATEGIES.get(str(strategy), "weighted")
        if strategy and str(strategy) not in _STRATEGIES:
            carried.change("router_settings.routing_strategy", f"{strategy} is not known here; weighted stands for it")
        self._retries = self._router.get("num_retries", self._litellm.get("num_retries"))
        if isinstance(self._retries, int) and self._retries > _MOST_RETRIES:
            carried.change("num_retries", f"{_MOST_RETRIES} are the most here")
        if self._list("context_window_fallbacks"):
            carried.change("context_window_fallbacks", "stand after the other fallbacks, for failures of all kinds")
        self.aliases = as_object(self._router.get("model_group_alias"))

    def retries(self) -> int | None:
        """How often a target is asked again."""
        found = self._retries
        return min(found, _MOST_RETRIES) if isinstance(found, int) else None

    def fallbacks(self, group: str) -> list[str]:
        """The groups that are asked after this one, in order: its own, else those of every group."""
        found = self._of(group) or [*self._of("*"), *self._list("default_fallbacks")]
        return list(dict.fromkeys(other for other in found if isinstance(other, str) and other != group))

    def _of(self, key: str) -> list[Any]:
        entries = [as_object(entry) for name in _FALLBACKS for entry in self._list(name)]
        return [other for entry in entries for other in items(entry.get(key))]

    def _list(self, name: str) -> list[Any]:
        return items(self._router.get(name) or self._litellm.get(name))

    def leave_rest(self) -> None:
        """Note each member that nothing here stands for."""
        for section, document, known in (
            ("router_settings", self._router, _ROUTER),
            ("litellm_settings", self._litellm, _LITELLM),
            ("general_settings", self._general, frozenset[str]()),
        ):
            for name, value in document.items():
                if name not in known and value not in (None, "", [], {}):
                    self._carried.leave(f"{section}.{name}", _WHY.get(name, _UNKNOWN))


def items(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []
