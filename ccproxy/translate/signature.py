"""The signature of a thinking block that came from an upstream other than Anthropic.

Clients echo signatures verbatim, so ours carries what the provider needs on the next turn. It is versioned,
bound to the provider's kind and to the thinking text, and sealed: a changed or foreign one opens to nothing and
the block is left out, without an error. Never send one of these to a real Anthropic endpoint.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

_PREFIX = "ccp1"


def seal(kind: str, thinking: str, payload: bytes, key: bytes) -> str:
    """A signature for `thinking` of a provider of `kind`; `payload` is the wire's own, often empty."""
    packed = _b64(payload)
    return f"{_PREFIX}.{_b64(kind.encode())}.{packed}.{_mac(kind, thinking, packed, key)}"


def unseal(signature: str, kind: str, thinking: str, keys: tuple[bytes, ...]) -> bytes | None:
    """The payload, or None: not ours, another kind's, or tampered with."""
    if not is_ours(signature):
        return None
    parts = signature.split(".")
    if len(parts) != 4:
        return None
    _, sealed_kind, packed, mac = parts
    if sealed_kind != _b64(kind.encode()):
        return None
    for key in keys:
        if hmac.compare_digest(mac.encode(), _mac(kind, thinking, packed, key).encode()):
            return base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
    return None


def is_ours(signature: str) -> bool:
    """Whether the signature has our form, whoever it was made for."""
    return signature.startswith(_PREFIX + ".")


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _mac(kind: str, thinking: str, packed: str, key: bytes) -> str:
    digest = hmac.new(key, digestmod=hashlib.sha256)
    for part in (_PREFIX, kind, packed, thinking):
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return _b64(digest.digest()[:16])
