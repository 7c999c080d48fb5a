"""A LiteLLM proxy's config.yaml: its deployments become providers, its model names routes.

LiteLLM's documentation of the file is the source for what the members mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

from ccproxy.cli.importing import litellm_params as params
from ccproxy.cli.importing.carried import Carried
from ccproxy.cli.importing.litellm_params import Deployment
from ccproxy.cli.importing.litellm_settings import Settings, items
from ccproxy.cli.importing.names import is_numbered, unused
from ccproxy.cli.importing.references import References
from ccproxy.cli.importing.there import There
from ccproxy.gateway import names
from ccproxy.store.providers import Provider, Snapshot

_TOP = frozenset(
    {
        "model_list",
        "router_settings",
        "litellm_settings",
        "general_settings",
        "environment_variables",
        "credential_list",
    }
)
_HEAVIEST = 1000
_UNKNOWN = "not known here"


@dataclass(frozen=True, slots=True)
class _File:
    """What a route of the file is made from: all deployments by model name, and the proxy as it will be."""

    groups: Mapping[str, list[Deployment]]
    proxy: Snapshot
    settings: Settings
    carried: Carried

    def aliases(self, group: str) -> list[str]:
        """The other names of a model name."""
        return [name for name, value in self.settings.aliases.items() if _alias(value) == group]


def recognised(document: Mapping[str, Any]) -> bool:
    """Whether it looks like one."""
    return isinstance(document.get("model_list"), list)


def carry(document: Mapping[str, Any], environ: Mapping[str, str], there: There) -> Carried:
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
        name = _provider(deployment, taken, there, path, carried)
        groups.setdefault(entry["model_name"], []).append(deployment.at(name))
    for name, provider in taken.items():
        provider["models"] = _models(name, groups, there)
    carried.providers.extend(taken.values())
    file = _File(groups, _proxy(taken, there), Settings(document, carried), carried)
    for group in groups:
        _route(group, file)
    for name, value in file.settings.aliases.items():
        if _alias(value) not in groups:
            carried.leave(
                f"router_settings.model_group_alias.{name}", f"{_alias(value)!r} is no model_name of this file"
            )
    file.settings.leave_rest()
    carried.leave_all("", document, _TOP, _UNKNOWN)
    return carried


def _credentials(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Keys and addresses that entries may share, by name."""
    listed = [params.as_object(one) for one in items(document.get("credential_list"))]
    return {str(one.get("credential_name")): params.as_object(one.get("credential_values")) for one in listed}


def _provider(
    deployment: Deployment, taken: dict[str, dict[str, Any]], there: There, path: str, carried: Carried
) -> str:
    """The name of the provider that the deployment is at, which is a new one unless the file or the proxy has it."""
    wanted = {**deployment.provider, "name": ""}
    found = next((name for name, one in taken.items() if {**one, "name": ""} == wanted), None)
    if found is not None:
        return found
    given = deployment.provider["name"]
    name = _name(deployment.provider, set(taken), there)
    taken[name] = {**deployment.provider, "name": name}
    if name not in there.providers and given in there.providers and given not in taken:
        otherwise = ", ".join(there.conflicts(deployment.provider))
        carried.change(path, f"its provider is {name!r} here: the {given!r} that is there differs in {otherwise}")
    return name


def _name(provider: Mapping[str, Any], taken: set[str], there: There) -> str:
    """A name for it: that of the same in the proxy, else one that nothing has.

    The file knows no such names. One that meant another server would send this one's requests there, with its key.
    """
    stem = provider["name"]
    for known in there.providers:
        if known not in taken and is_numbered(known, stem) and not there.conflicts({**provider, "name": known}):
            return known
    return unused(stem, {*taken, *there.providers})


def _models(name: str, groups: Mapping[str, list[Deployment]], there: There) -> list[str]:
    """What the provider lists, beside what it lists already; nothing where it stands for every model.

    Whoever asks for a name of no route gets the first model that is listed, and only without a list the one he named.
    """
    here = [one for group in groups.values() for one in group if one.provider["name"] == name]
    known = there.providers.get(name)
    if any(one.wild for one in here) or (known is not None and not known.get("models")):
        return []
    return list(dict.fromkeys([*(known or {}).get("models", ()), *(one.model for one in here)]))


def _proxy(taken: Mapping[str, Mapping[str, Any]], there: There) -> Snapshot:
    """The providers as they will be, for what names come to among them."""
    return Snapshot(
        version=0,
        providers=tuple(
            Provider(
                name=name,
                type=one["type"],
                api_base_url="",
                models=tuple(one.get("models", ())),
                enabled=one.get("enabled", True),
            )
            for name, one in {**there.providers, **taken}.items()
        ),
    )


def _route(group: str, file: _File) -> None:
    """The route of one model name, unless the name leads to its only target without one."""
    deployments = file.groups[group]
    ordered = sorted((one for one in deployments if not one.wild), key=lambda deployment: deployment.order)
    if not ordered:
        _every_model(group, file)
        return
    for one in deployments:
        if one.wild:
            file.carried.leave(
                f"model_name {group}", f"its deployment {one.model} is no model that a target could name"
            )
    aliases = file.aliases(group)
    for name in (group, *aliases):
        if names.is_pattern(name) and not names.is_glob(name):
            file.carried.change(f"model_name {name}", "stands for every model of that class here")
    route: dict[str, Any] = {
        "name": group.strip("/") or group,
        "match": {"model": [group, *aliases]},
        **_targets(group, ordered, _others(group, file), file),
    }
    retries = file.settings.retries()
    if retries is not None:
        route["retries"] = retries
    outright = [name for name in (group, *aliases) if _is_outright(name, route, file)]
    if outright != [group, *aliases]:
        file.carried.routes.append(route)


def _targets(group: str, ordered: list[Deployment], others: list[Deployment], file: _File) -> dict[str, Any]:
    """Targets and strategy."""
    strategy = _strategy(ordered, file.settings)
    targets = [deployment.target() for deployment in ordered]
    if strategy == "weighted":
        weights = _weights(ordered)
        targets = [{**target, "weight": weight} for target, weight in zip(targets, weights, strict=True)]
        targets += [{**other.target(), "weight": 0} for other in others]
    else:
        targets += [other.target() for other in others]
        if others and strategy != "fallback":
            file.carried.change(
                f"fallbacks.{group}", f"its targets are chosen by {strategy} like the others, not after them"
            )
    return {"targets": _once(targets), "strategy": strategy}


def _is_outright(name: str, route: Mapping[str, Any], file: _File) -> bool:
    """Whether the name says its provider, so that no route is asked; what it does not come to then is noted."""
    said = names.outright(name, file.proxy)
    if said is None:
        return False
    first, *more = route["targets"]
    place = f"model_name {name}"
    if (said.provider.name, said.model) != (first["provider"], first["model"]):
        file.carried.change(place, f"goes to the provider {said.provider.name!r} here, as it names one")
        return True
    lost = {"its other targets": more, "its parameters": first.get("parameters"), "retries": route.get("retries")}
    if any(lost.values()):
        without = ", ".join(words for words, given in lost.items() if given)
        file.carried.change(place, f"goes to {said.provider.name}/{said.model} without {without}, as it names that")
    return True


def _every_model(group: str, file: _File) -> None:
    """A name for every model of a provider. Asked for with its provider's name each leads there by itself, and without
    it where there is no other provider; a target could not name it.
    """
    first, *more = file.groups[group]
    provider = first.provider["name"]
    alone = len(file.proxy.enabled) == 1
    place = f"model_name {group}"
    if first.model != "*" or not (group == f"{provider}/*" or (group == "*" and alone)):
        file.carried.leave(place, f"a target names one model; ask for {provider}/MODEL instead")
        return
    lost = {
        "its other deployments": [one for one in more if one.provider["name"] != provider],
        "its parameters": first.parameters,
        "its aliases": file.aliases(group),
        "its fallbacks": file.settings.fallbacks(group),
        "retries": file.settings.retries(),
    }
    if any(lost.values()):
        without = ", ".join(words for words, given in lost.items() if given)
        file.carried.change(place, f"goes to {provider} without {without}, for it has no route here")


def _others(group: str, file: _File) -> list[Deployment]:
    """The deployments of the groups that are asked after this one."""
    found: list[Deployment] = []
    for other in file.settings.fallbacks(group):
        named = [deployment for deployment in file.groups.get(other, ()) if not deployment.wild]
        if not named:
            # Some name a model of a provider that the file has with all its models
            prefix, _, model = other.partition("/")
            named = [one.of(model) for one in file.groups.get(f"{prefix}/*", ()) if model and one.model == "*"]
        if not named:
            file.carried.leave(f"fallbacks.{group}", f"{other!r} is no model_name of this file")
        found += named
    return found


def _strategy(ordered: list[Deployment], settings: Settings) -> str:
    """How one of some deployments is chosen: where their order is given, that is it."""
    ranked = len({deployment.order for deployment in ordered}) > 1
    return "fallback" if len(ordered) == 1 or ranked else settings.strategy


def _weights(deployments: list[Deployment]) -> list[int]:
    """Their weights in proportion, as whole numbers that are no more than a weight can be here; only 0 becomes 0."""
    exact = [Fraction(str(one.weight)) for one in deployments]
    whole = lcm(*(weight.denominator for weight in exact))
    scale = min(Fraction(whole), _HEAVIEST / (max(exact) or 1))
    return [max(1, round(weight * scale)) if weight else 0 for weight in exact]


def _alias(value: Any) -> str:
    return str(value.get("model") if isinstance(value, dict) else value)


def _once(targets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A target that is a fallback too is asked once, in its first place."""
    kept: list[dict[str, Any]] = []
    for target in targets:
        if not any((one["provider"], one["model"]) == (target["provider"], target["model"]) for one in kept):
            kept.append(target)
    return kept
