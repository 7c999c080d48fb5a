"""What claude-code-router's transformers `vertex-gemini` and `vertex-claude` mean: a provider at Vertex AI.

They take project, location and account from the environment of their machine, and of the file at most the host (their
source). Here the file may say them as well: options of the transformer go before the address, and that before the rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ccproxy.cli.importing import google
from ccproxy.cli.importing.carried import Carried
from ccproxy.cli.importing.kinds import parts_of
from ccproxy.gateway.credentials import keys

OPTIONS = frozenset({"project", "projectId", "project_id", "location", "region"})
"""The options of such a transformer that are read."""

_ACCOUNT = "GOOGLE_APPLICATION_CREDENTIALS"
_HOST = re.compile(r"(?:([a-z0-9-]+)-)?aiplatform\.(?:(us|eu)\.rep\.)?googleapis\.com")
_PATH = re.compile(r"/projects/([^/]+)(?:/locations/([^/]+))?")
# Where they ask if nothing says otherwise, and the version of the API that they speak
_DEFAULTS = {"vertex-gemini": ("us-central1", "v1beta1"), "vertex-claude": ("us-east5", "v1")}

TRANSFORMERS = frozenset(_DEFAULTS)
"""Their names."""


def fields(
    transformer: str, options: Mapping[str, Any], url: str, environ: Mapping[str, str], path: str, carried: Carried
) -> dict[str, Any] | None:
    """Type, place and account of the provider, differences noted; None where nothing tells the project."""
    default, version = _DEFAULTS[transformer]
    parts = parts_of(url)
    at_path = _PATH.search(parts.path)
    host = _HOST.fullmatch(parts.netloc)
    project = (
        _first(options, "project", "projectId", "project_id")
        or (at_path and at_path[1])
        or environ.get("GOOGLE_CLOUD_PROJECT")
        or _accounts_project(environ)
    )
    if not project:
        return None
    location = (
        _first(options, "location", "region")
        or (at_path and at_path[2])
        or (host and (host[1] or host[2] or "global"))
        or environ.get("GOOGLE_CLOUD_LOCATION")
        or default
    )
    made: dict[str, Any] = {"type": "vertex", "options": {"project": project, "location": location}}
    if url and host is None:
        place = "" if at_path else f"/{version}/projects/{project}/locations/{location}"
        made["api_base_url"] = url.rstrip("/") + place
    return made | _account(environ, path, carried)


def _account(environ: Mapping[str, str], path: str, carried: Carried) -> dict[str, Any]:
    if not environ.get(_ACCOUNT):
        carried.change(path, f"asks with the account of the proxy's machine, as {_ACCOUNT} is not set here")
        return {}
    try:
        return {"api_key": google.account(environ[_ACCOUNT])}
    except ValueError as error:
        carried.leave(path, f"{_ACCOUNT} {error}")
        return {}


def _accounts_project(environ: Mapping[str, str]) -> str | None:
    """The project to which the account of this machine belongs."""
    try:
        found = keys.account(str(google.account(environ.get(_ACCOUNT, "")))).get("project_id")
    except ValueError:
        return None
    return found if isinstance(found, str) else None


def _first(options: Mapping[str, Any], *names: str) -> str | None:
    return next((value for name in names if isinstance(value := options.get(name), str) and value), None)
