"""Takes secrets out of texts that others wrote: what we know to be secret, and what looks like a key.

A provider's error may quote the key, whole or masked, or the request's headers. Nothing here decides what is
shown; it only makes showing it safe.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = "[redacted]"
_SHORTEST = 4  # characters of a known secret that is worth looking for; shorter ones would cut words to pieces

_TOKEN = r"[A-Za-z0-9_\-.*~+/=…•]"
_PATTERNS = (
    # Keys by their well-known prefixes, masked ones included: `sk-abc***xyz`.
    re.compile(
        r"(?<![A-Za-z0-9])(?:sk|pk|rk|gsk|xai|csk|tgp_v1|fw|nvapi|hf|r8|pplx|ghp|gho|ghu|ghs|glpat|github_pat)"
        r"[-_][A-Za-z0-9_\-*•…]*[0-9*•…A-Z_\-][A-Za-z0-9_\-*•….]*[A-Za-z0-9*•…]"
    ),
    re.compile(r"(?<![A-Za-z0-9])(?:AIza[A-Za-z0-9_\-*]{6,}|ya29\.[A-Za-z0-9_\-.]+|(?:AKIA|ASIA)[A-Z0-9]{12,})"),
    re.compile(r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]+(?:\.[A-Za-z0-9_\-]*)?"),  # a JSON web token
)
_NAMED = (
    # Credentials by what stands before them; the name stays.
    re.compile(rf"(\b(?:Bearer|Basic)\s+)({_TOKEN}{{6,}})", re.I),
    re.compile(rf"([?&](?:api[_-]?key|key|token|access_token|sig|signature)=)([^&\s\"'<>]+)", re.I),
    re.compile(
        rf"(\b(?:api[ _-]?key|x-api-key|secret|password|access[_-]?token)[\"']?\s*(?:provided|is|=|:)\s*:?\s*[\"'`]?)({_TOKEN}*[0-9*•…]{_TOKEN}*)",
        re.I,
    ),
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` with a mask in place of each of `secrets` and of everything that looks like a credential.

    >>> redact("Incorrect API key provided: sk-abc***xyz. You can find your key at https://example.com")
    'Incorrect API key provided: [redacted]. You can find your key at https://example.com'
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST and secret in text:
            text = text.replace(secret, MASK)
    for pattern in _PATTERNS:
        text = pattern.sub(MASK, text)
    for pattern in _NAMED:
        text = pattern.sub(rf"\g<1>{MASK}", text)
    return text
