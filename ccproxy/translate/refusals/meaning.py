"""A provider's errors as ours: an error answer, or an error inside a 200 or a stream.

The meaning survives: the status family, the provider's words, its code and its wait. What clients act on by
words (limits of length) is said in Anthropic's words. Texts are bounded here and redacted by whoever knows the
secrets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ccproxy.errors import UpstreamRefused
from ccproxy.translate.refusals import bodies, limits, retry_after
from ccproxy.translate.refusals.bodies import Words

_TEXT_LIMIT = 2048  # characters; some providers echo the whole request

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    503: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}

# Upstream statuses that are not their own meaning.
_STATUSES = {408: 504, 410: 404, 424: 500, 451: 403, 498: 529, 499: 529, 502: 500, 524: 504}

# Codes and types whose meaning is not in the status, or that come without one. Compared in lower case.
_MEANINGS = {
    "invalid_api_key": 401,
    "api_key_invalid": 401,
    "authentication_error": 401,
    "unauthenticated": 401,
    "unauthorized": 401,
    "token_expired": 401,
    "insufficient_balance": 402,
    "insufficient_credits": 402,
    "billing_error": 402,
    "arrearage": 402,
    "permission_error": 403,
    "permission_denied": 403,
    "model_not_found": 404,
    "not_found_error": 404,
    "deploymentnotfound": 404,
    "not_found": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "ratelimitreached": 429,
    "too_many_requests": 429,
    "toomanyrequests": 429,
    "resource_exhausted": 429,
    "insufficient_quota": 429,
    "exceeded_current_quota_error": 429,
    "throttling": 429,
    "engine_overloaded_error": 529,
    "overloaded_error": 529,
    "overloaded": 529,
    "unavailable": 529,
    "timeout": 504,
    "timeout_error": 504,
    "deadline_exceeded": 504,
    "invalid_request_error": 400,
    "badrequesterror": 400,
    "bad_request": 400,
    "invalid_argument": 400,
    "invalid_prompt": 400,
    "content_filter": 400,
    "tool_use_failed": 400,
    # of a response that failed (OpenAI's Responses API)
    "invalid_image": 400,
    "invalid_image_format": 400,
    "invalid_base64_image": 400,
    "invalid_image_url": 400,
    "invalid_image_mode": 400,
    "image_too_large": 400,
    "image_too_small": 400,
    "image_parse_error": 400,
    "image_content_policy_violation": 400,
    "image_file_too_large": 400,
    "unsupported_image_media_type": 400,
    "empty_image_file": 400,
    "failed_to_download_image": 400,
    "image_file_not_found": 400,
    "bio_policy": 400,
    "misalignment_policy_violation": 400,
    "invalid_encrypted_content": 400,
    "data_residency_mismatch": 403,
    "vector_store_timeout": 504,
    # AWS, in the header x-amzn-errortype or in the name of an exception in a stream
    "validationexception": 400,
    "modelstreamerrorexception": 500,
    "modelerrorexception": 500,
    "internalserverexception": 500,
    "modeltimeoutexception": 504,
    "modelnotreadyexception": 529,
    "serviceunavailableexception": 529,
    "throttlingexception": 429,
    "servicequotaexceededexception": 429,
    "toomanyrequestsexception": 429,
    "resourcenotfoundexception": 404,
    "accessdeniedexception": 403,
    "unrecognizedclientexception": 401,
    "invalidsignatureexception": 401,
    "signaturedoesnotmatch": 401,
    "incompletesignature": 401,
    "incompletesignatureexception": 401,
    "expiredtoken": 401,
    "expiredtokenexception": 401,
    "invalidclienttokenid": 401,
    "missingauthenticationtoken": 401,
    "missingauthenticationtokenexception": 401,
    "server_error": 500,
    "internal_server_error": 500,
    "internal_error": 500,
    "api_error": 500,
}

# Quota that no waiting brings back.
_SPENT = frozenset({"insufficient_quota", "exceeded_current_quota_error", "billing_hard_limit_reached", "1113"})
# 400s and 403s for a key that is wrong (xAI, Gemini, Bedrock).
_BAD_KEY = re.compile(
    r"(?:incorrect|invalid) api[ _-]?key|api[ _-]?key (?:is )?(?:not valid|invalid)|api_key_invalid"
    r"|make sure your api key is valid",
    re.I,
)
# 400s for a model that is not there (OpenAI's Responses API tells by code, xAI in words).
_NO_MODEL = re.compile(r"model not found", re.I)
_OVERLOADED = re.compile(r"overload|capacity|too busy|high demand|try again later|currently busy|engine is busy", re.I)


def decode_error(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    model: str = "",
    max_tokens: int | None = None,
    now: float | None = None,
) -> UpstreamRefused:
    """The error that an answer with an error status means.

    `model` and `max_tokens` (what the request asked for) complete the words on a broken output limit; `now` (epoch
    seconds) turns moments into waits.
    """
    said = bodies.read(body)
    said.code = said.code or _aws(headers, said)
    return refused(said, status, headers, model, max_tokens, now)


def refused(
    said: Words,
    upstream: int | None = None,
    headers: Mapping[str, str] | None = None,
    model: str = "",
    max_tokens: int | None = None,
    now: float | None = None,
) -> UpstreamRefused:
    """The error that these words mean. `upstream` is the HTTP status they came with; None: inside a 200 or a stream.

    The other arguments are those of `decode_error`.
    """
    headers = headers or {}
    message = said.message
    status = _status(said, upstream)
    repaired = None
    if status in (400, 413, 429, 500):
        repaired = limits.repaired(message, said.code, said.type, said.fields, model, max_tokens)
        if repaired is not None and (status != 429):
            message, status = repaired, 400
    if not message:
        message = f"the provider answered with HTTP {upstream}" if upstream else "the provider answered with an error"
    waits = status == 429 or status >= 500
    return UpstreamRefused(
        _bounded(message),
        status=status,
        type=_TYPES.get(status, "invalid_request_error" if status < 500 else "api_error"),
        upstream_status=upstream,
        code=said.code or said.type or None,
        retry_after=retry_after.seconds(headers, said.fields, message, now) if waits else None,
        should_retry=_should_retry(said, status, headers),
    )


def _aws(headers: Mapping[str, str], said: Words) -> str:
    """The name of AWS's exception: before the colon of a header, or behind the hash of a field."""
    told = next((value for name, value in headers.items() if name.lower() == "x-amzn-errortype"), "")
    told = told or str(said.fields.get("__type") or "")
    return told.partition(":")[0].rpartition("#")[2]


def _should_retry(said: Words, status: int, headers: Mapping[str, str]) -> bool | None:
    """What the provider says of it, except where a retry cannot help: no key and no credit comes back by itself."""
    if status in (401, 402) or {said.code.lower(), said.type.lower()} & _SPENT:
        return False
    hint = next((value.lower() for name, value in headers.items() if name.lower() == "x-should-retry"), "")
    return {"true": True, "false": False}.get(hint)


def _status(said: Words, upstream: int | None) -> int:
    """The Anthropic status for an error: the HTTP status, corrected by codes and words where those say more."""
    status = upstream if upstream is not None and upstream >= 300 else said.status
    meant = _MEANINGS.get(said.code.lower()) or _MEANINGS.get(said.type.lower())
    if status is None:
        status = meant or (401 if _BAD_KEY.search(said.message) else 500)
    if status in (400, 403, 422) and (meant in (401, 402) or _BAD_KEY.search(said.message)):
        return 402 if meant == 402 else 401
    if status == 400 and meant == 429:
        return 429  # AWS, for a quota that is used up
    if status == 400 and (meant in (404, 429) or _NO_MODEL.match(said.message)):
        return 429 if meant == 429 else 404
    if status in (500, 502, 503) and (meant == 529 or (status == 503 and _OVERLOADED.search(said.message))):
        return 529
    status = _STATUSES.get(status, status)
    if status in _TYPES:
        return status
    if status < 400:
        return 502  # a redirect, which nobody follows with a prompt in hand: the base URL is not quite right
    return 400 if status < 500 else 500


def _bounded(text: str) -> str:
    return text if len(text) <= _TEXT_LIMIT else text[: _TEXT_LIMIT - 1] + "…"
