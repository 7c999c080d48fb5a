"""What a model's name says by itself: how else it is written, its class, the provider that it names. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate

from msgspec import Struct

from ccproxy.store.providers import Provider, Snapshot

CLASSES = ("opus", "sonnet", "haiku", "fable")
"""The classes of Claude's models, each a word that stands for all of its releases."""

_LONG = "[1m]"
"""What clients write behind a name for a window of a million tokens; no provider knows it as part of a name."""
_DATE = re.compile(r"[-@]20\d{6}$")
_GLOB = re.compile(r"[*?\[]")
_CLASS = {
    word: re.compile(rf"(?:{word}|(?:.*[/.])?claude-(?:.*[^a-z])?{word}(?![a-z]).*)", re.DOTALL) for word in CLASSES
}
_ALIAS = "claude-"
_RELEASE = re.compile(rf"(?:[\d.]+-)*(?:{'|'.join(CLASSES)})(?![a-z])")
"""What follows `claude-` in the names of Claude's own models: `opus-5-5`, `3-5-sonnet-20241022`."""
_SHOWN = 20


class Outright(Struct, frozen=True):
    """A provider that a name says, enabled or not, and its model ("" where the name has none)."""

    provider: Provider
    model: str
    why: str


def spellings(name: str) -> tuple[str, ...]:
    """The name in lower case, then without `[1m]`, then without the date of its release, each where it differs."""
    written = name.lower()
    short = written.removesuffix(_LONG)
    return tuple(dict.fromkeys((written, short, _DATE.sub("", written), _DATE.sub("", short))))


def is_of_class(word: str, name: str) -> bool:
    """Whether the name (in lower case) is the class's word itself, or that of a Claude model of this class."""
    return _CLASS[word].fullmatch(name) is not None


def is_glob(text: str) -> bool:
    """Whether the text is a pattern and not one name; a `[1m]` at its end belongs to the name."""
    return _GLOB.search(text.removesuffix(_LONG)) is not None


def is_pattern(text: str) -> bool:
    """Whether more than one name may fit the text: a glob, or the word of a class."""
    return text.lower() in _CLASS or is_glob(text)


def pattern(text: str) -> re.Pattern[str]:
    """What fits a class's word, or a glob with `*`, `?` and `[…]`; for names in lower case."""
    word = text.lower()
    if word in _CLASS:
        return _CLASS[word]
    glob = word.removesuffix(_LONG)
    return re.compile(translate(glob if glob == word else f"{glob}[[]1m]"))


def alias_of(provider: str, model: str) -> str:
    """The name of a provider's model for clients that show only names of Claude's."""
    return f"{_ALIAS}{provider}-{model}"


def as_provider_knows(name: str, provider: Provider) -> str:
    """The model's name as it is sent: as the provider lists it, in capitals or not; `[1m]` only if it does that."""
    if name in provider.models:
        return name
    listed = {model.lower(): model for model in reversed(provider.models)}
    short = name[: -len(_LONG)] if name.lower().endswith(_LONG) else name
    return listed.get(name.lower()) or listed.get(short.lower()) or short


def outright(name: str, snapshot: Snapshot) -> Outright | None:
    """What `provider/model`, `provider,model` or an alias says; None for other names, which may hold slashes too."""
    for mark in ("/", ","):
        named, found, model = name.partition(mark)
        provider = snapshot.get(named.strip().lower()) if found else None
        if provider is not None:
            why = f"the model's name says the provider: {_quoted(provider.name)}"
            return Outright(provider, as_provider_knows(model.strip(), provider), why)
    return _alias(name, snapshot)


def _alias(name: str, snapshot: Snapshot) -> Outright | None:
    """What an alias says. Where a name can be read in two ways, a provider that lists the model is meant, else the one
    with the longest name; one that is enabled goes before both. The name of a model of Claude's own is an alias only of
    a provider that lists its rest: one may be called `opus`, and is not to have them all.
    """
    written = name.lower()
    if not written.startswith(_ALIAS):
        return None
    rest = name[len(_ALIAS) :]
    read = [
        (provider, as_provider_knows(rest[len(provider.name) + 1 :], provider))
        for provider in snapshot.providers
        if written.startswith(f"{provider.name}-", len(_ALIAS)) and len(rest) > len(provider.name) + 1
    ]
    if _RELEASE.match(written, len(_ALIAS)):
        read = [(provider, model) for provider, model in read if model in provider.models]
    if not read:
        return None
    provider, model = max(read, key=lambda one: (one[0].enabled, one[1] in one[0].models, len(one[0].name)))
    return Outright(provider, model, f"{_quoted(name)} is the alias of {_quoted(f'{provider.name}/{model}')}")


def known(snapshot: Snapshot) -> str:
    """The names that lead to a provider's model, for an error's text."""
    names = [f"{provider.name}/{model}" for provider in snapshot.enabled for model in (provider.models or ("MODEL",))]
    return f"there is: {some(names)}" if names else "no provider is set up and enabled"


def some(names: Sequence[str]) -> str:
    """Names in a row, the first ones of many."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _quoted(text: str) -> str:
    return f'"{text}"'
