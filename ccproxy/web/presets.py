"""`GET /presets`: what a form needs to know of the types that a provider may have.

Read-only; the data is that of `ccproxy.presets`.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from ccproxy import presets
from ccproxy.web.acting import admins_only
from ccproxy.web.replies import as_json

blueprint = Blueprint("presets", __name__, url_prefix="/presets")
blueprint.before_request(admins_only)


@blueprint.get("")
def list_all() -> Response:
    """A bare array: the known providers, then the bare wires."""
    return as_json([show_preset(preset) for preset in (*presets.PRESETS.values(), *presets.WIRES.values())])


def show_preset(preset: presets.Preset) -> dict[str, Any]:
    """One type. `required` are the options that its address has holes for and that have no default."""
    options = presets.known_options(preset)
    return {
        "name": preset.name,
        "about": preset.docs,
        "api_base_url": preset.base_url or None,
        "key": _key(preset),
        "key_env": list(preset.key_env),
        "required": [name for name in presets.template.holes(preset.base_url) if options[name].default is None],
        "options": [
            {
                "name": name,
                "type": spec.type,
                "meaning": spec.meaning,
                "default": spec.default,
                "choices": list(spec.choices),
            }
            for name, spec in options.items()
        ],
    }


def _key(preset: presets.Preset) -> str:
    """Whether it has a key: `required`, `optional` or `none`."""
    if preset.auth == "none":
        return "none"
    return "required" if preset.key_required else "optional"
