"""Takes secrets out of texts that others wrote: what we know to be secret, and what looks like a key.

A provider's error may quote the key, whole or masked, or the request's headers. Nothing here decides what is
shown; it only makes showing it safe.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ccproxy.translate.stops import overlap

MASK = "[redacted]"
_SHORTEST = 4  # characters of a known secret that is worth looking for; shorter ones would cut words to pieces
_TELLING = 6  # characters of a secret's beginning, where the text was cut in the middle of it
_CUT = "…"

_REST = r"[A-Za-z0-9_\-*•…~+/=]"
_INNER = r"[A-Za-z0-9_\-*•….~+/=]"  # a dot may stand inside a token; at its end it belongs to the sentence
_PATTERNS = (
    # By well-known prefixes, also where the provider has masked the middle: `sk-abc***xyz`.
    re.compile(rf"(?<![A-Za-z0-9])sk-{_INNER}*{_REST}{{3}}"),
    re.compile(
        r"(?<![A-Za-z0-9])(?:rk|pk|gsk|xai|csk|tgp_v1|fw|nvapi|hf|r8|pplx|gh[opsu]|glpat|github_pat)[-_]"
        rf"(?={_INNER}*[0-9*•…]){_INNER}{{5,}}{_REST}"
    ),
    re.compile(r"(?<![A-Za-z0-9])(?:AIza[A-Za-z0-9_\-*•…]{6,}|ya29\.[A-Za-z0-9_\-.]+|(?:AKIA|ASIA)[A-Z0-9*]{12,})"),
    re.compile(r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]+(?:\.[A-Za-z0-9_\-]+)?"),  # a JSON web token
)
# By what stands before them; that stays. Words of prose are told from credentials by having no digit in them.
_NAMED = (
    re.compile(rf"(\bBearer\s+)((?={_INNER}*[0-9*•…]){_INNER}*{_REST}|{_INNER}{{19,}}{_REST})", re.IGNORECASE),
    re.compile(r"(\bBasic\s+)((?=[A-Za-z0-9+/]*[0-9=])[A-Za-z0-9+/]{4,}=*)", re.IGNORECASE),
    re.compile(r"([?&](?:api[_-]?key|key|token|access_token|sig|signature)=)([^&\s\"'<>]+)", re.IGNORECASE),
    re.compile(
        r"(\b(?:api[ _-]?key|secret|password|access[ _-]?token)[\"']?\s*(?:provided|is|=|:)\s*:?\s*[\"'`]?)"
        rf"((?={_INNER}*[0-9*•…]){_INNER}*{_REST})",
        re.IGNORECASE,
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
        text = _without_end(text, secret)
    for pattern in _PATTERNS:
        text = pattern.sub(MASK, text)
    for pattern in _NAMED:
        text = pattern.sub(rf"\g<1>{MASK}", text)
    return text


def _without_end(text: str, secret: str) -> str:
    """The text without a beginning of the secret at its end: whoever shortened it did not know what was there."""
    whole = text.removesuffix(_CUT)
    length = overlap(whole, secret)
    return whole[:-length] + MASK if length >= _TELLING else text
