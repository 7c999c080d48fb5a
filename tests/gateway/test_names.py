"""What a model's name says by itself."""

from __future__ import annotations

import pytest

from ccproxy.gateway.names import (
    CLASSES,
    alias_of,
    is_glob,
    is_of_class,
    is_pattern,
    known,
    outright,
    pattern,
    spellings,
)
from ccproxy.store.providers import Provider, Snapshot


def snapshot(**models: str) -> Snapshot:
    """Providers with the models that they list; a name that begins with `off` is not enabled."""
    return Snapshot(
        version=1,
        providers=tuple(
            Provider(
                name=name.replace("_", "-"),
                type="openai-chat",
                api_base_url="http://x.test/v1",
                models=tuple(listed.split()),
                enabled=not name.startswith("off"),
            )
            for name, listed in models.items()
        ),
    )


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("gpt-5", ("gpt-5",)),
        ("GPT-5", ("gpt-5",)),
        ("claude-opus-5-5[1m]", ("claude-opus-5-5[1m]", "claude-opus-5-5")),
        ("claude-haiku-4-5-20251001", ("claude-haiku-4-5-20251001", "claude-haiku-4-5")),
        ("claude-haiku-4-5@20251001", ("claude-haiku-4-5@20251001", "claude-haiku-4-5")),
        (
            "Claude-Sonnet-4-5-20250929[1M]",
            ("claude-sonnet-4-5-20250929[1m]", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ),
        ("model-12345678", ("model-12345678",)),
        ("model-20251001-preview", ("model-20251001-preview",)),
    ],
)
def test_other_spellings(name: str, written: tuple[str, ...]) -> None:
    assert spellings(name) == written


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("haiku", "haiku"),
        ("claude-haiku-4-5", "haiku"),
        ("claude-3-5-haiku-20241022", "haiku"),
        ("claude-3-haiku@20240307", "haiku"),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "haiku"),
        ("anthropic/claude-haiku-4.5", "haiku"),
        ("opus", "opus"),
        ("claude-opus-5-5", "opus"),
        ("claude-3-opus-20240229", "opus"),
        ("sonnet", "sonnet"),
        ("claude-sonnet-5-5[1m]", "sonnet"),
        ("fable", "fable"),
        ("claude-fable-5-2", "fable"),
        ("claude-octopus-1", ""),
        ("claude-opusplan", ""),
        ("opusplan", ""),
        ("gpt-haiku", ""),
        ("my-opus", ""),
        ("claude", ""),
    ],
)
def test_classes(name: str, word: str) -> None:
    assert [one for one in CLASSES if is_of_class(one, name)] == ([word] if word else [])


@pytest.mark.parametrize(
    ("text", "glob", "several"),
    [
        ("claude-*", True, True),
        ("gpt-?", True, True),
        ("gpt-[45]", True, True),
        ("claude-opus-5-5[1m]", False, False),
        ("claude-*[1m]", True, True),
        ("gpt-5", False, False),
        ("opus", False, True),
        ("Opus", False, True),
        ("opus-5", False, False),
    ],
)
def test_what_is_a_pattern(text: str, glob: bool, several: bool) -> None:
    assert is_glob(text) is glob
    assert is_pattern(text) is several


@pytest.mark.parametrize(
    ("text", "name", "fits"),
    [
        ("claude-*", "claude-opus-5-5", True),
        ("CLAUDE-*", "claude-opus-5-5", True),
        ("claude-*", "not-claude-x", False),
        ("*", "anything/at all", True),
        ("gpt-?", "gpt-5", True),
        ("gpt-?", "gpt-50", False),
        ("gpt-[45]*", "gpt-4o", True),
        ("gpt-[!45]*", "gpt-4o", False),
        ("a.b+c", "a.b+c", True),
        ("a.b*", "axb", False),
        ("claude-*[1m]", "claude-opus-5-5[1m]", True),
        ("claude-*[1m]", "claude-opus-5-51", False),
        ("sonnet", "claude-sonnet-5-5", True),
        ("SONNET", "claude-sonnet-5-5", True),
        ("sonnet", "sonnet", True),
        ("sonnet", "sonnets", False),
    ],
)
def test_patterns(text: str, name: str, fits: bool) -> None:
    assert (pattern(text).fullmatch(name) is not None) is fits


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("a/m", "a/m"),
        ("a/org/m", "a/org/m"),
        ("a,m", "a/m"),
        (" a , m ", "a/m"),
        ("a,b/c", "a/b/c"),
        ("a/", "a/"),
        ("x/m", None),
        ("m", None),
        ("claude-a-m", "a/m"),
        ("claude-a-org/m-1", "a/org/m-1"),
        ("claude-a-", None),
        ("claude-a", None),
        ("claude-opus-5-5", None),
        ("claude-x-m", None),
        ("a-m", None),
        ("off/m", "off/m"),
        ("claude-off-m", "off/m"),
        ("A/M", "a/m"),
        ("Claude-A-M", "a/m"),
        ("A/Other", "a/Other"),
        ("off/LONG[1M]", "off/long[1m]"),
        ("a/x[1m]", "a/x"),
        ("a,x[1M]", "a/x"),
        ("claude-a-x[1m]", "a/x"),
        ("off/long[1m]", "off/long[1m]"),
        ("claude-off-long[1m]", "off/long[1m]"),
    ],
)
def test_names_that_say_their_provider(name: str, label: str | None) -> None:
    said = outright(name, snapshot(a="m", off="m long[1m]"))
    assert (f"{said.provider.name}/{said.model}" if said is not None else None) == label


@pytest.mark.parametrize(
    ("there", "label"),
    [
        ({"a": "", "a_b": ""}, "a-b/c"),
        ({"a_b": "", "a": ""}, "a-b/c"),
        ({"a": "b-c", "a_b": ""}, "a/b-c"),
        ({"a": "b-c", "a_b": "c"}, "a-b/c"),
        ({"a": "x", "a_b": "y"}, "a-b/c"),
        ({"a": ""}, "a/b-c"),
    ],
)
def test_an_alias_that_can_be_read_in_two_ways(there: dict[str, str], label: str) -> None:
    said = outright("claude-a-b-c", snapshot(**there))
    assert said is not None
    assert f"{said.provider.name}/{said.model}" == label


def test_an_alias_means_an_enabled_provider_where_it_can() -> None:
    said = outright("claude-off-b-c", snapshot(off_b="c"))
    assert said is not None
    assert said.provider.name == "off-b"
    both = snapshot(off_b="c")
    both = Snapshot(version=1, providers=(*both.providers, *snapshot(on="").providers))
    assert outright("claude-on-off-b-c", both).provider.name == "on"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("provider", "model"), [("groq", "openai/gpt-oss-20b"), ("my-own", "claude-opus-5-5"), ("a.b_c", "m")]
)
def test_an_alias_leads_back(provider: str, model: str) -> None:
    alias = alias_of(provider, model)
    assert alias.startswith("claude-")
    row = Provider(name=provider, type="openai-chat", api_base_url="http://x.test/v1")
    said = outright(alias, Snapshot(version=1, providers=(row,)))
    assert said is not None
    assert (said.provider.name, said.model) == (provider, model)
    assert said.why == f'"{alias}" is the alias of "{provider}/{model}"'


@pytest.mark.parametrize(
    "name",
    [
        "claude-opus-5-5",
        "claude-opus-5-5-20251101",
        "claude-opus-5-5[1m]",
        "Claude-Opus-5-5",
        "claude-3-opus-20240229",
        "claude-3-5-sonnet-20241022",
    ],
)
def test_a_real_name_is_no_alias(name: str) -> None:
    """Whatever a provider is called."""
    rows = [Provider(name=each, type="openai-chat", api_base_url="x") for each in ("opus", "3", "3-5", "opus-5")]
    assert outright(name, Snapshot(version=1, providers=tuple(rows))) is None


def test_a_real_name_is_an_alias_of_a_provider_that_lists_its_rest() -> None:
    said = outright("claude-opus-mini", snapshot(opus="mini", opus_mini=""))
    assert said is not None
    assert (said.provider.name, said.model) == ("opus", "mini")


def test_names_that_there_are() -> None:
    assert known(snapshot(a="x y", b="", off="z")) == "there is: a/x, a/y, b/MODEL"
    assert known(snapshot(a=" ".join(f"m{n}" for n in range(23)))).endswith("a/m19 and 3 more")
