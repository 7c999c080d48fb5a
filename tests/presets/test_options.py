from __future__ import annotations

from typing import get_args, get_type_hints

from ccproxy.presets.anthropic import OPTIONS as RELAYED
from ccproxy.presets.google import GEMINI_OPTIONS, VERTEX_OPTIONS
from ccproxy.presets.options import AZURE, COMMON, RESPONSES
from ccproxy.translate.dialect import OVERRIDES, Dialect

# What only Gemini's API and Bedrock's know, whose presets have options of their own.
NOT_ITS_OWN = {"budget", "level", "tokens", "adaptive", "max_effort", "reasoning_config"}


def test_every_flag_that_may_be_overridden_is_an_option() -> None:
    assert set(OVERRIDES) <= {*COMMON, *RESPONSES, *GEMINI_OPTIONS, *RELAYED}
    assert set(COMMON) - set(OVERRIDES) == {"extra_body"}


def test_choices_are_what_the_flag_takes() -> None:
    hints = get_type_hints(Dialect)
    for name, option in {**COMMON, **RESPONSES}.items():
        if option.type == "string" and name != "effort_off":
            assert set(option.choices) == set(get_args(hints[name])) - NOT_ITS_OWN, name


def test_every_option_says_what_it_means() -> None:
    everyone = {**COMMON, **RESPONSES, **AZURE, **VERTEX_OPTIONS}
    assert all(option.meaning.endswith(".") for option in everyone.values())
