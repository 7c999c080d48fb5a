"""Signature Version 4 a second time, from AWS's description of it: what tests hold botocore's signer against."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote, urlsplit


def expected(
    secret: str, service: str, method: str, url: str, headers: Mapping[str, str], names: str, body: bytes, region: str
) -> str:
    """The signature of a request with these headers, of which `names` (`a;b`) are signed."""
    lowered = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    parts = urlsplit(url)
    lowered.setdefault("host", parts.netloc)
    # Each segment of the path is encoded once more than it is sent, for all services but S3.
    path = quote(parts.path or "/", safe="/~")
    query = "&".join(sorted(parts.query.split("&"))) if parts.query else ""
    canonical = "\n".join(
        [
            method,
            path,
            query,
            *(f"{name}:{lowered[name]}" for name in names.split(";")),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        ]
    )
    moment = lowered["x-amz-date"]
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{secret}".encode()
    for step in scope.split("/"):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
