"""References to the environment: `${VAR}` and `$VAR` in JSON, `os.environ/VAR` in LiteLLM's files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ccproxy.cli.importing.carried import Carried
from ccproxy.settings import Secret

_BRACED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# claude-code-router's documentation gives both forms; only capitals, or a `$` in a key would be taken for one.
_BARE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Z_][A-Z0-9_]*))")
_LITELLM = "os.environ/"


class References:
    """Looks references up. What is missing is left out of the document and noted by its path."""

    def __init__(
        self, environ: Mapping[str, str], carried: Carried, *, bare: bool = False, litellm: bool = False
    ) -> None:
        self._environ = environ
        self._carried = carried
        self._pattern = _BARE if bare else _BRACED
        self._litellm = litellm

    def resolved(self, value: Any, path: str) -> Any:
        """The value with its references replaced by Secrets; None for a text of which a variable is missing."""
        match value:
            case str():
                return self._text(value, path)
            case list():
                items = (self.resolved(item, f"{path}.{index}") for index, item in enumerate(value))
                return [item for item in items if item is not None]
            case dict():
                found = {name: self.resolved(item, f"{path}.{name}") for name, item in value.items()}
                return {name: item for name, item in found.items() if item is not None or value[name] is None}
            case _:
                return value

    def first(self, names: Iterable[str]) -> str | None:
        """The first of some variables that is set, as a Secret."""
        return next((Secret(self._environ[name], f"${{{name}}}") for name in names if self._environ.get(name)), None)

    def _text(self, text: str, path: str) -> str | None:
        if self._litellm and text.startswith(_LITELLM):
            name = text.removeprefix(_LITELLM)
            return self._looked_up({name}, lambda: Secret(self._environ[name], f"${{{name}}}"), path)
        names = {_name(match) for match in self._pattern.finditer(text)}
        if not names:
            return text
        return self._looked_up(
            names,
            lambda: Secret(
                self._pattern.sub(lambda match: self._environ[_name(match)], text),
                self._pattern.sub(lambda match: f"${{{_name(match)}}}", text),
            ),
            path,
        )

    def _looked_up(self, names: set[str], make: Any, path: str) -> str | None:
        missing = sorted(name for name in names if not self._environ.get(name))
        if missing:
            self._carried.leave(path, f"the environment variable {missing[0]} is not set")
            return None
        made: str = make()
        return made


def _name(match: re.Match[str]) -> str:
    return match[match.lastindex or 0]


def secret(value: Any) -> Any:
    """A key as it stands in the file, which is never shown; one that came from the environment shows its variable."""
    return Secret(value) if isinstance(value, str) and not isinstance(value, Secret) else value
