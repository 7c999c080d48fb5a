"""What a model can do: as its provider's list claims it, and as the dialect knows it.

Shown in the form of the Messages API, `{"image_input": {"supported": true}, …}`. A model reached through us can take
what both it and our translation can, so a dialect's no beats a list's yes.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ccproxy.translate.dialect import Dialect

_LEVELS = ("low", "medium", "high", "xhigh", "max")


class Claims(Struct, frozen=True, kw_only=True):
    """What is known of a model; None: nothing is. `efforts` are the levels of effort that it takes."""

    images: bool | None = None
    documents: bool | None = None
    schemas: bool | None = None
    thinking: bool | None = None
    efforts: tuple[str, ...] | None = None
    web_search: bool | None = None
    code_execution: bool | None = None
    batch: bool | None = None


def claimed(entry: dict[str, Any]) -> Claims:
    """What an entry of a list says."""
    inputs, told = modalities(entry, "input"), _flags(entry)
    parameters, features = _words(entry.get("supported_parameters")), _words(entry.get("features"))
    reasoning = entry.get("reasoning")
    return Claims(
        images=_first("image" in inputs if inputs else None, told.get("vision"), told.get("supportsVision"),
                      entry.get("supports_vision")),
        # OpenRouter calls them files; what other lists do not mention may be taken all the same
        documents=True if inputs & {"file", "pdf", "document"} else None,
        schemas=_first("structured_outputs" in parameters if parameters else None, told.get("supportsResponseSchema"),
                       "json_schema" in features if features else None),
        thinking=_first("reasoning" in parameters if parameters else None, told.get("reasoning"),
                        told.get("supportsReasoning"), entry.get("thinking"),
                        "reasoning" in features if features else None),
        efforts=_efforts(reasoning.get("supported_efforts")) if isinstance(reasoning, dict) else None,
    )  # fmt: skip


def known(dialect: Dialect, *, relays: bool, believed: bool) -> Claims:
    """What a dialect says. One that relays says next to nothing, for requests go through as they are.

    `believed`: the dialect was written with this provider's models in mind. If not, its flags are guesses where they
    say yes, and facts where they say no, because then nothing of the kind is sent.
    """
    if relays:
        return Claims(batch=dialect.batches)
    thinks = True if dialect.thinking != "none" else dialect.thinks_by_default
    if thinks and not believed:
        thinks = None
    return Claims(
        images=_fact(dialect.images != "none", believed),
        documents=_fact(dialect.pdf != "none", believed),
        schemas=_fact(dialect.json_schema, believed),
        thinking=thinks,
        efforts=(_efforts(list(dialect.efforts)) or None) if thinks else () if thinks is False else None,
        web_search=bool(dialect.web_search),
        code_execution=dialect.code_execution,
        batch=dialect.batches,
    )


def shown(listed: Claims, dialect: Claims) -> dict[str, Any]:
    """Both together, as `capabilities`."""
    capabilities: dict[str, Any] = {}
    for name, claim, fact in (
        ("batch", listed.batch, dialect.batch),
        ("image_input", listed.images, dialect.images),
        ("pdf_input", listed.documents, dialect.documents),
        ("structured_outputs", listed.schemas, dialect.schemas),
    ):
        supported = fact if fact is False or claim is None else claim
        if supported is not None:
            capabilities[name] = _supported(supported)
    thinking = dialect.thinking if listed.thinking is None else listed.thinking
    if thinking is not None:
        # Nothing is refused here for the kind of thinking that it asks for, and "off" is never refused
        types = {"enabled": _supported(thinking), "adaptive": _supported(thinking), "disabled": _supported(True)}
        capabilities["thinking"] = {**_supported(thinking), "types": types}
    efforts = () if thinking is False else dialect.efforts if listed.efforts is None else listed.efforts
    if efforts is not None:
        levels = {level: _supported(level in efforts) for level in _LEVELS}
        capabilities["effort"] = {**_supported(bool(efforts)), **levels}
    if dialect.web_search is not None and dialect.code_execution is not None:
        capabilities["server_tools"] = {
            **_supported(dialect.web_search or dialect.code_execution),
            "web_search": _supported(dialect.web_search),
            "code_execution": _supported(dialect.code_execution),
        }
    return capabilities


def modalities(entry: dict[str, Any], side: str) -> set[str]:
    """The kinds of content that an entry names for its `input` or `output`, in lower case; empty where it does not."""
    architecture = entry.get("architecture")
    places = (architecture, entry) if isinstance(architecture, dict) else (entry,)
    for place in places:
        for key in (f"{side}_modalities", f"{side}Modalities", f"supported_{side}_modalities"):
            words = _words(place.get(key))
            if words:
                return words
    return set()


def _flags(entry: dict[str, Any]) -> dict[str, Any]:
    """Named flags: Mistral's `capabilities`, Venice's in its `model_spec`."""
    spec = entry.get("model_spec")
    for place in (entry, spec if isinstance(spec, dict) else {}):
        flags = place.get("capabilities")
        if isinstance(flags, dict):
            return flags
    return {}


def _words(value: Any) -> set[str]:
    return {word.lower() for word in value if isinstance(word, str)} if isinstance(value, list) else set()


def _efforts(value: Any) -> tuple[str, ...] | None:
    return tuple(level for level in _LEVELS if level in value) if isinstance(value, list) and value else None


def _first(*answers: Any) -> bool | None:
    return next((answer for answer in answers if isinstance(answer, bool)), None)


def _fact(flag: bool, believed: bool) -> bool | None:
    return flag if believed or not flag else None


def _supported(flag: bool) -> dict[str, Any]:
    return {"supported": flag}
