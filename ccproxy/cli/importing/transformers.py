"""claude-code-router's transformers of one provider: which API they mean, and which of their options there are here.

Its documentation and its example configurations are the source for what they do. Most do what ccproxy does by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ccproxy.cli.importing import vertex
from ccproxy.cli.importing.carried import Carried
from ccproxy.cli.importing.kinds import parts_of

# What these do ccproxy does by itself, for every provider that needs it.
_BUILT_IN = frozenset(
    {
        "anthropic",
        "openai",
        "deepseek",
        "gemini",
        "openrouter",
        "groq",
        "cerebras",
        "tooluse",
        "enhancetool",
        "reasoning",
        "cleancache",
        "forcereasoning",
        "streamoptions",
        "maxtoken",
        "maxcompletiontokens",
        "customparams",
        "openai-responses",
    }
)
_TAKING_PARAMETERS = frozenset({"openrouter", "customparams"})
_LIMITING = frozenset({"maxtoken", "maxcompletiontokens"})
# Headers of openrouter's own making, which are no fields of a request
_NO_FIELDS = frozenset({"referer", "title", "providerOrder"})
_MODELS = "options are a provider's here, not a model's; give a route's target parameters"


@dataclass(frozen=True, slots=True)
class Use:
    """One transformer: its name in small letters, its options, its place in the file."""

    name: str
    path: str
    options: dict[str, Any] = field(default_factory=dict)


def uses(transformer: Any, path: str, carried: Carried) -> list[Use]:
    """Those of the whole provider; what is for one model alone is noted, unless ccproxy does it anyway."""
    if not isinstance(transformer, dict):
        return []
    for name, own in transformer.items():
        if name == "use":
            continue
        if not isinstance(own, dict):
            carried.leave(f"{path}.{name}", "is no model's transformers; options stand in a list with their name")
            continue
        for use in _listed(own.get("use"), f"{path}.{name}.use", carried):
            if use.options or use.name not in _BUILT_IN:
                carried.leave(use.path, f"{use.name}: {_MODELS}")
    return list(_listed(transformer.get("use"), f"{path}.use", carried))


def wire(used: list[Use], url: str) -> str:
    """The API that the provider speaks, from the transformers that would have spoken it, else from its address."""
    names = {use.name for use in used}
    path = parts_of(url).path.rstrip("/")
    if "openai-responses" in names or path.endswith("/responses"):
        return "openai-responses"
    if names == {"anthropic"} or "/anthropic" in path or path.endswith("/messages"):
        return "anthropic"
    return "gemini" if "gemini" in names else "openai-chat"


def options(used: list[Use], carried: Carried) -> dict[str, Any]:
    """The provider's options that they come to; the others are noted."""
    made: dict[str, Any] = {}
    for use in used:
        if use.name not in _BUILT_IN | vertex.TRANSFORMERS:
            carried.leave(use.path, f"the transformer {use.name} is not known here")
            continue
        rest = {name: value for name, value in use.options.items() if value not in (None, "", [], {})}
        if use.name in vertex.TRANSFORMERS:
            rest = {name: value for name, value in rest.items() if name not in vertex.OPTIONS}
        if use.name in _LIMITING:
            _limit(rest, made)
        if use.name in _TAKING_PARAMETERS:
            fields = {name: rest.pop(name) for name in list(rest) if name not in _NO_FIELDS}
            made["extra_body"] = {**made.get("extra_body", {}), **fields}
        if rest:
            carried.leave(use.path, f"{use.name}: the options {', '.join(rest)} are not known here")
    return {name: value for name, value in made.items() if value}


def _limit(rest: dict[str, Any], made: dict[str, Any]) -> None:
    for name in ("max_tokens", "max_completion_tokens"):
        if isinstance(rest.get(name), int):
            made["max_output_tokens"] = rest.pop(name)


def _listed(given: Any, path: str, carried: Carried) -> Iterator[Use]:
    for index, use in enumerate(given if isinstance(given, list) else ()):
        place = f"{path}.{index}"
        match use:
            case str(name) | [str(name)]:
                yield Use(name.lower(), place)
            case [str(name), Mapping() as given_options]:
                yield Use(name.lower(), place, dict(given_options))
            case _:
                carried.leave(place, "is no transformer: must be a name, or a list of a name and its options")
