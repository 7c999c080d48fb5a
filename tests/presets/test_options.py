from __future__ import annotations

from typing import get_args, get_type_hints

from ccproxy.presets.options import AZURE, COMMON
from ccproxy.translate.dialect import OVERRIDES, Dialect


def test_every_flag_that_may_be_overridden_is_an_option() -> None:
    assert set(OVERRIDES) <= set(COMMON)
    assert set(COMMON) - set(OVERRIDES) == {"extra_body"}


def test_choices_are_what_the_flag_takes() -> None:
    hints = get_type_hints(Dialect)
    for name, option in COMMON.items():
        if option.type == "string" and name != "effort_off":
            assert set(option.choices) == set(get_args(hints[name])), name


def test_every_option_says_what_it_means() -> None:
    assert all(option.meaning.endswith(".") for option in [*COMMON.values(), *AZURE.values()])
