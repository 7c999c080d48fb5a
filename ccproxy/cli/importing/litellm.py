"""A LiteLLM proxy's config.yaml: its deployments become providers, its model names routes.

LiteLLM's documentation of the file is the source for what the members mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccproxy.cli.importing import litellm_params as params
from ccproxy.cli.importing.carried import Carried
from ccproxy.cli.importing.litellm_params import Deployment
from ccproxy.cli.importing.names import unused
from ccproxy.cli.importing.references import References

_TOP = frozenset({"model_list", "router_settings", "litellm_settings", "environment_variables"})
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


def recognised(document: Mapping[str, Any]) -> bool:
    """Whether it looks like one."""
    return isinstance(document.get("model_list"), list)


def carry(document: Mapping[str, Any], environ: Mapping[str, str]) -> Carried:
    """Its providers and routes, references to the environment resolved."""
    carried = Carried()
    given = params.as_object(document.get("environment_variables"))
    known = {**environ, **{name: str(value) for name, value in given.items() if isinstance(value, str | int)}}
    references = References(known, carried, litellm=True)
    groups: dict[str, list[Deployment]] = {}
    taken: dict[str, dict[str, Any]] = {}
    for index, entry in enumerate(document["model_list"]):
        path = f"model_list.{index}"
        if not isinstance(entry, dict) or not isinstance(entry.get("model_name"), str):
            carried.leave(path, "is no deployment: it has no model_name")
            continue
        deployment = params.read(entry, path, references, carried)
        if deployment is None:
            continue
        name = _provider(deployment, taken)
        groups.setdefault(entry["model_name"], []).append(deployment.at(name))
    carried.providers.extend(taken.values())
    settings = _Settings(document, carried)
    for group, deployments in groups.items():
        _route(group, deployments, groups, settings, carried)
    settings.leave_rest()
    carried.leave_all("", document, _TOP | {"general_settings"}, _UNKNOWN)
    return carried


def _provider(deployment: Deployment, taken: dict[str, dict[str, Any]]) -> str:
    """The name of the provider that the deployment is at: one that is there already, or a new one."""
    wanted = {**deployment.provider, "name": "", "models": []}
    name = next((name for name, one in taken.items() if {**one, "name": "", "models": []} == wanted), None)
    if name is None:
        name = unused(deployment.provider["name"], set(taken))
        taken[name] = {**deployment.provider, "name": name, "models": []}
    models = taken[name]["models"]
    if deployment.model not in (*models, "*"):
        models.append(deployment.model)
    return name


class _Settings:
    """What `router_settings` and `litellm_settings` say of all routes, and what of them is not carried."""

    def __init__(self, document: Mapping[str, Any], carried: Carried) -> None:
        self._carried = carried
        self._router = params.as_object(document.get("router_settings"))
        self._litellm = params.as_object(document.get("litellm_settings"))
        self._general = params.as_object(document.get("general_settings"))
        strategy = self._router.get("routing_strategy")
        self.strategy = _STRATEGIES.get(str(strategy), "weighted")
        if strategy and str(strategy) not in _STRATEGIES:
            carried.change("router_settings.routing_strategy", f"{strategy} is not known here; weighted stands for it")
        self.aliases = params.as_object(self._router.get("model_group_alias"))

    def retries(self) -> int | None:
        """How often a target is asked again."""
        found = self._router.get("num_retries", self._litellm.get("num_retries"))
        return min(found, _MOST_RETRIES) if isinstance(found, int) else None

    def fallbacks(self, group: str) -> list[str]:
        """The groups that are asked after this one, in order."""
        found: list[str] = []
        for name in _FALLBACKS:
            for entry in self._list(name):
                others = params.as_object(entry).get(group)
                found += [other for other in others or () if isinstance(other, str)]
        found += [other for other in self._list("default_fallbacks") if isinstance(other, str)]
        return [other for other in dict.fromkeys(found) if other != group]

    def _list(self, name: str) -> list[Any]:
        value = self._router.get(name) or self._litellm.get(name)
        return value if isinstance(value, list) else []

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


def _route(
    group: str,
    deployments: list[Deployment],
    groups: Mapping[str, list[Deployment]],
    settings: _Settings,
    carried: Carried,
) -> None:
    """The route of one model name, unless the name leads to its only target without one."""
    aliases = [name for name, value in settings.aliases.items() if _alias(value) == group]
    named = [deployment for deployment in deployments if deployment.model != "*"]
    others: list[Deployment] = []
    for other in settings.fallbacks(group):
        if other in groups:
            others += [deployment for deployment in groups[other] if deployment.model != "*"]
        else:
            carried.leave(f"fallbacks.{group}", f"{other!r} is no model_name of this file")
    if not named:
        if not all(group in (f"{deployment.provider['name']}/*", "*") for deployment in deployments):
            carried.leave(f"model_name {group}", "a target names one model: ask for PROVIDER/MODEL instead")
        return
    ordered = sorted(named, key=lambda deployment: deployment.order)
    targets = [deployment.target() for deployment in ordered]
    if len(targets) == 1 and not others and not aliases and _leads_by_itself(group, ordered[0]):
        return
    ranked = len({deployment.order for deployment in ordered}) > 1
    strategy = "fallback" if len(targets) == 1 or ranked else settings.strategy
    if strategy == "weighted":
        targets = [{**target, "weight": one.weight} for target, one in zip(targets, ordered, strict=True)]
        targets += [{**other.target(), "weight": 0} for other in others]
    else:
        targets += [other.target() for other in others]
        if others and strategy != "fallback":
            carried.change(
                f"fallbacks.{group}", f"its targets are chosen by {strategy} like the others, not after them"
            )
    route: dict[str, Any] = {
        "name": group.strip("/") or group,
        "match": {"model": [group, *aliases]},
        "targets": _once(targets),
        "strategy": strategy,
    }
    retries = settings.retries()
    if retries is not None:
        route["retries"] = retries
    carried.routes.append(route)


def _alias(value: Any) -> Any:
    return value.get("model") if isinstance(value, dict) else value


def _leads_by_itself(group: str, only: Deployment) -> bool:
    """Whether `provider/model`, or the model's name that its provider lists, is all that there is to it."""
    return not only.parameters and group in (only.model, f"{only.provider['name']}/{only.model}")


def _once(targets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A target that is a fallback too is asked once, in its first place."""
    kept: list[dict[str, Any]] = []
    for target in targets:
        if not any((one["provider"], one["model"]) == (target["provider"], target["model"]) for one in kept):
            kept.append(target)
    return kept
