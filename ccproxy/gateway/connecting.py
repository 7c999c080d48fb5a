"""What a provider's row comes to once its preset is applied: a Target, for one of its models and with one of its keys.

Pure. Which of them a request goes to is not known here.
"""

from __future__ import annotations

from msgspec import structs

from ccproxy import presets
from ccproxy.errors import NotFound
from ccproxy.gateway.credentials import keys
from ccproxy.store.providers import Provider
from ccproxy.translate.dialect import resolve
from ccproxy.translate.target import Keepsakes, Target

_SECRET = 12
"""Characters from which on an extra header's value may be a credential, which no message may show."""


def connect(provider: Provider, seal_keys: tuple[bytes, ...] = (), keepsakes: Keepsakes | None = None) -> Target:
    """What a provider comes to once its preset is applied; the model is still empty.

    Raises NotFound for a row that this version can make nothing of.
    """
    preset = presets.find(provider.type)
    if preset is None:
        raise NotFound(f"provider {provider.name!r} is of type {provider.type!r}, which this version does not know")
    try:
        base_url = presets.base_url(preset, provider.api_base_url, provider.options)
    except ValueError as error:
        raise NotFound(f"provider {provider.name!r} is set up wrongly: {error}") from None
    # One spelling, so that an `Authorization` of the administrator's stands in place of the preset's, not beside it.
    extra = {name.lower(): value for name, value in provider.headers.items()}
    return Target(
        provider=provider.name,
        kind=provider.type,
        wire=preset.wire,
        model="",
        base_url=base_url.removesuffix("/."),  # the dot is a note of the presets', and some servers answer it with 404
        dialect=preset.dialect,
        headers={**presets.auth_headers(preset, provider.api_key), **extra},
        auth=preset.auth if preset.auth in ("aws", "google") else "headers",
        key=provider.api_key,
        keys=provider.api_keys,
        options=dict(provider.options),
        secrets=(
            *(secret for key in provider.keys for secret in keys.secrets(key)),
            *(value for value in extra.values() if len(value) >= _SECRET),
        ),
        seal_keys=seal_keys,
        keepsakes=keepsakes,
    )


def for_model(target: Target, model: str) -> Target:
    """A provider's target with one of its models: the API that serves it, in the dialect that it is spoken in there."""
    preset = presets.find(target.kind)
    if preset is None or not preset.apis:
        return structs.replace(target, model=model, dialect=resolve(target.dialect, model, target.options))
    api = presets.api(preset, model, target.options, target.base_url)
    return structs.replace(
        target,
        model=model,
        wire=api.wire,
        base_url=target.base_url + api.root,
        dialect=resolve(api.dialect or target.dialect, model, target.options),
    )


def with_key(target: Target, key: str) -> Target:
    """The target with another key of its provider's; extra headers of the administrator's stay on top."""
    if key == target.key:
        return target
    preset = presets.find(target.kind)
    if preset is None:
        return structs.replace(target, key=key)
    former = presets.auth_headers(preset, target.key)
    extra = {name: value for name, value in target.headers.items() if former.get(name) != value}
    return structs.replace(target, key=key, headers={**presets.auth_headers(preset, key), **extra})
