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
from ccproxy.gateway import names

_TOP = frozenset({"model_list", "router_settings", "litellm_settings", "environment_variables", "credential_list"})
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
_HEAVIEST = 1000
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

_Providers = Mapping[str, dict[str, Any]]


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
    credentials = _credentials(document)
    for index, entry in enumerate(document["model_list"]):
        path = f"model_list.{index}"
        if not isinstance(entry, dict) or not isinstance(entry.get("model_name"), str):
            carried.leave(path, "is no deployment: it has no model_name")
            continue
        deployment = params.read(entry, path, references, credentials, carried)
        if deployment is None:
            continue
        name = _provider(deployment, taken)
        groups.setdefault(entry["model_name"], []).append(deployment.at(name))
    carried.providers.extend(taken.values())
    settings = _Settings(document, carried)
    for group in groups:
        _route(group, groups, taken, settings, carried)
    for name, value in settings.aliases.items():
        if _alias(value) not in groups:
            carried.leave(
                f"router_settings.model_group_alias.{name}", f"{_alias(value)!r} is no model_name of this file"
            )
    settings.leave_rest()
    carried.leave_all("", document, _TOP | {"general_settings"}, _UNKNOWN)
    return carried


def _credentials(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Keys and addresses that entries may share, by name."""
    listed = [params.as_object(one) for one in _items(document.get("credential_list"))]
    return {str(one.get("credential_name")): params.as_object(one.get("credential_values")) for one in listed}


def _provider(deployment: Deployment, taken: dict[str, dict[str, Any]]) -> str:
    """The name of the provider that the deployment is at: one that is there already, or a new one."""
    wanted = {**deployment.provider, "name": "", "models": []}
    name = next((name for name, one in taken.items() if {**one, "name": "", "models": []} == wanted), None)
    if name is None:
        name = unused(deployment.provider["name"], set(taken))
        taken[name] = {**deployment.provider, "name": name, "models": []}
    models = taken[name]["models"]
    if not deployment.wild and deployment.model not in models:
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
        self._retries = self._router.get("num_retries", self._litellm.get("num_retries"))
        if isinstance(self._retries, int) and self._retries > _MOST_RETRIES:
            carried.change("num_retries", f"{_MOST_RETRIES} are the most here")
        if self._list("context_window_fallbacks"):
            carried.change("context_window_fallbacks", "stand after the other fallbacks, for failures of all kinds")
        self.aliases = params.as_object(self._router.get("model_group_alias"))

    def retries(self) -> int | None:
        """How often a target is asked again."""
        found = self._retries
        return min(found, _MOST_RETRIES) if isinstance(found, int) else None

    def fallbacks(self, group: str) -> list[str]:
        """The groups that are asked after this one, in order: its own, else those of every group."""
        found = self._of(group) or [*self._of("*"), *self._list("default_fallbacks")]
        return [other for other in dict.fromkeys(found) if isinstance(other, str) and other != group]

    def _of(self, key: str) -> list[Any]:
        entries = [params.as_object(entry) for name in _FALLBACKS for entry in self._list(name)]
        return [other for entry in entries for other in _items(entry.get(key))]

    def _list(self, name: str) -> list[Any]:
        return _items(self._router.get(name) or self._litellm.get(name))

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
    group: str, groups: Mapping[str, list[Deployment]], providers: _Providers, settings: _Settings, carried: Carried
) -> None:
    """The route of one model name, unless the name leads to its only target without one."""
    deployments = groups[group]
    aliases = [name for name, value in settings.aliases.items() if _alias(value) == group]
    ordered = sorted((one for one in deployments if not one.wild), key=lambda deployment: deployment.order)
    if not ordered:
        # Every model of a provider is asked for so by itself, and of the only provider without its name too
        said = f"{deployments[0].provider['name']}/*"
        if group not in (said, "*" if len(providers) == 1 else said):
            carried.leave(f"model_name {group}", f"a target names one model; ask for {said[:-1]}MODEL instead")
        return
    for name in (group, *aliases):
        if names.is_pattern(name) and not names.is_glob(name):
            carried.change(f"model_name {name}", "stands for every model of that class here")
    others = _others(group, groups, settings, carried)
    if len(ordered) == 1 and not others and not aliases and _leads_by_itself(group, ordered[0], providers):
        return
    provider, _, model = group.partition("/")
    if provider in providers and (provider, model) != (ordered[0].provider["name"], ordered[0].model):
        carried.change(f"model_name {group}", f"goes to the provider {provider!r} here, as it names one")
    strategy = _strategy(ordered, settings)
    targets = [deployment.target() for deployment in ordered]
    if strategy == "weighted":
        weights = _weights(ordered)
        targets = [{**target, "weight": weight} for target, weight in zip(targets, weights, strict=True)]
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


def _others(
    group: str, groups: Mapping[str, list[Deployment]], settings: _Settings, carried: Carried
) -> list[Deployment]:
    """The deployments of the groups that are asked after this one."""
    found: list[Deployment] = []
    for other in settings.fallbacks(group):
        named = [deployment for deployment in groups.get(other, ()) if not deployment.wild]
        if not named:
            # Some name a model of a provider that the file has with all its models
            prefix, _, model = other.partition("/")
            named = [one.of(model) for one in groups.get(f"{prefix}/*", ()) if model and one.model == "*"]
        if not named:
            carried.leave(f"fallbacks.{group}", f"{other!r} is no model_name of this file")
        found += named
    return found


def _strategy(ordered: list[Deployment], settings: _Settings) -> str:
    """How one of some deployments is chosen: where their order is given, that is it."""
    ranked = len({deployment.order for deployment in ordered}) > 1
    return "fallback" if len(ordered) == 1 or ranked else settings.strategy


def _weights(deployments: list[Deployment]) -> list[int]:
    """Their weights, in proportion where some are more than a weight can be here."""
    scale = min(1.0, _HEAVIEST / max(one.weight for one in deployments))
    return [max(1, round(one.weight * scale)) for one in deployments]


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _alias(value: Any) -> Any:
    return value.get("model") if isinstance(value, dict) else value


def _leads_by_itself(group: str, only: Deployment, providers: _Providers) -> bool:
    """Whether `provider/model`, or the model's name that its provider is the first to list, is all there is to it."""
    if only.parameters:
        return False
    name = only.provider["name"]
    first = next((other for other, one in providers.items() if group in one["models"]), None)
    return group == f"{name}/{only.model}" or (group == only.model and first == name)


def _once(targets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A target that is a fallback too is asked once, in its first place."""
    kept: list[dict[str, Any]] = []
    for target in targets:
        if not any((one["provider"], one["model"]) == (target["provider"], target["model"]) for one in kept):
            kept.append(target)
    return kept
