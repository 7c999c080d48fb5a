"""Known providers as data: wire, base URL, authentication, environment names, dialect.

`find` knows presets and bare wires by name; `base_url`, `auth_headers` and `check_options` turn what an administrator
gives into what requests need. Data lies in `known`, the rules in `preset`. Nothing is sent from here.
"""

from ccproxy.presets import template
from ccproxy.presets.known import PRESETS, WIRES, find
from ccproxy.presets.preset import (
    Api,
    OptionSpec,
    Preset,
    api,
    auth_headers,
    base_url,
    check_options,
    known_options,
    model_lists,
)
from ccproxy.presets.windows import context_window

__all__ = [
    "PRESETS",
    "WIRES",
    "Api",
    "OptionSpec",
    "Preset",
    "api",
    "auth_headers",
    "base_url",
    "check_options",
    "context_window",
    "find",
    "known_options",
    "model_lists",
    "template",
]
