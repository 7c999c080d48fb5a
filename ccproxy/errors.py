"""Every error that ccproxy raises on purpose, and what it means to a client.

    CCProxyError                      has a status, an Anthropic error type, a message
    ├── ClientError                   the client's request cannot be served: changing it helps
    │   ├── InvalidRequest            400  bad JSON, a bad field (the message names the path)
    │   │   ├── ThreadUnsupported     400  `thread` towards an upstream that keeps none
    │   │   └── Uncarriable           400  a block that the upstream cannot take and that must not be lost
    │   ├── Unauthenticated           401  client key missing or wrong; never worth a retry
    │   ├── OverBudget                402  a budget of the client's key is used up
    │   ├── Forbidden                 403  address, host, role or model
    │   ├── NotFound                  404  path, provider, model
    │   ├── MethodNotAllowed          405
    │   ├── SlowRequest               408  the body did not arrive in time
    │   ├── Conflict                  409  two admins at once
    │   ├── RequestTooLarge           413
    │   ├── UnsupportedMediaType      415
    │   └── RateLimited               429  a limit of the client's key
    ├── Unavailable                   503  nothing here can serve it now
    │   ├── NoProvider                     none is set up or enabled
    │   └── Draining                       this worker is going away
    ├── UpstreamError                 the provider's side; raised and caught per attempt
    │   ├── UpstreamRefused                the provider answered with an error: its own status and words
    │   ├── NoCredentials             401  nothing authorizes requests to the provider, or what should is refused
    │   ├── Unreachable               502  no connection, or it broke before an answer
    │   ├── BadAnswer                 502  an answer that is not what the API promises
    │   ├── Truncated                 502  the answer stopped before the API's own end
    │   └── DeadlinePassed            504  a deadline of ours
    └── SettingsError                 a bad setting: stops the start, never seen over HTTP

Anything else that escapes is a bug: 500 `api_error`, logged with its traceback. The tree knows nothing of
HTTP frameworks; `web.errors` turns it into responses, once.
"""

from __future__ import annotations

import re
from typing import Any

GENERIC = "an internal error occurred; the log has its details under the request id"
"""What a client is told of a bug."""

_CODE = re.compile(r"[\w.:/-]{1,60}", re.ASCII)
# Anthropic's own words, which the others' are turned into too
_OVERFLOWS = ("prompt is too long", "input length and `max_tokens` exceed context limit")
# Anthropic's words for an account that has to be seen to, which come as a 400 (provider docs; users' reports)
_ACCOUNT = re.compile(r"credit balance is too low|specified API usage limits|organization has been disabled", re.I)
_WINDOW = re.compile(r"> (\d{1,15})(?: maximum|,)")


class CCProxyError(Exception):
    """An error with a meaning for the client.

    `message` is shown to the client as it is, so it holds no secret. `details` becomes `error.details`.
    `retry_after` is in seconds. `should_retry` becomes `x-should-retry` (None: the header is left out).
    `headers` are further response headers (`Allow`). `payload` is a body that is sent as it is in place of ours: the
    error of an upstream that speaks the Messages API itself.
    """

    status = 500
    type = "api_error"
    should_retry: bool | None = None
    payload: bytes | None = None

    def __init__(
        self,
        message: str,
        *,
        details: dict[str, Any] | None = None,
        retry_after: float | None = None,
        should_retry: bool | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.retry_after = retry_after
        self.headers = headers or {}
        if should_retry is not None:
            self.should_retry = should_retry

    @property
    def logged(self) -> str:
        """What the log may hold: the message, unless it repeats a provider, whose words may hold prompt and answer."""
        return self.message

    def body(self, request_id: str) -> dict[str, Any]:
        """The Anthropic error envelope, ready for JSON."""
        error: dict[str, Any] = {"type": self.type, "message": self.message}
        if self.details is not None:
            error["details"] = self.details
        return {"type": "error", "error": error, "request_id": request_id}


class ClientError(CCProxyError):
    """The client's fault: 4xx."""

    status = 400
    type = "invalid_request_error"


class InvalidRequest(ClientError):
    """A request that no upstream could serve; the message names the path of the fault."""


class ThreadUnsupported(InvalidRequest):
    """`thread` towards an upstream that keeps no threads: SDKs resend in full on exactly these details."""

    def __init__(self) -> None:
        super().__init__(
            "thread: this upstream keeps no message threads; send the whole conversation in `messages`",
            details={"error_code": "thread_unsupported_request", "unsupported": ["thread"]},
        )


class Uncarriable(InvalidRequest):
    """A block that the upstream cannot take and whose silent loss would make the answer wrong."""


class Unauthenticated(ClientError):
    """No key, or a wrong one. `x-should-retry: false`, because a bare 401 keeps Claude Code retrying for minutes."""

    status = 401
    type = "authentication_error"
    should_retry = False


class OverBudget(ClientError):
    """A budget of the client's key does not suffice. It renews, but not while anybody waits for it."""

    status = 402
    type = "billing_error"
    should_retry = False


class Forbidden(ClientError):
    """The address, the Host, the role or the model is not allowed."""

    status = 403
    type = "permission_error"


class NotFound(ClientError):
    """Unknown path, provider or model."""

    status = 404
    type = "not_found_error"


class MethodNotAllowed(ClientError):
    """Known path, wrong method; carries `Allow`."""

    status = 405


class SlowRequest(ClientError):
    """The body did not arrive in time; SDKs try again."""

    status = 408
    type = "timeout_error"


class Conflict(ClientError):
    """The thing changed under the caller."""

    status = 409
    type = "conflict_error"


class RequestTooLarge(ClientError):
    """The body is over the limit; it was read no further."""

    status = 413
    type = "request_too_large"


class UnsupportedMediaType(ClientError):
    """The body is not declared as JSON."""

    status = 415


class RateLimited(ClientError):
    """A limit of the client's key is reached; `retry_after` says when there is room again."""

    status = 429
    type = "rate_limit_error"


class Unavailable(CCProxyError):
    """Nothing can serve the request now; later it may work."""

    status = 503
    type = "overloaded_error"


class NoProvider(Unavailable):
    """No enabled provider: an administrator has to add one, so a retry cannot help."""

    type = "api_error"
    should_retry = False


class Draining(Unavailable):
    """This worker is about to end."""


class UpstreamError(CCProxyError):
    """Something went wrong on the provider's side of an attempt."""

    status = 502


class UpstreamRefused(UpstreamError):
    """The provider answered with an error of its own.

    `status` and `type` are the Anthropic ones that its meaning maps to; `upstream_status` is what it sent
    (None inside a 200 stream); `code` is the provider's own code, where it gave one.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        type: str,
        upstream_status: int | None = None,
        code: str | None = None,
        retry_after: float | None = None,
        should_retry: bool | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message, details=details, retry_after=retry_after, should_retry=should_retry)
        self.status = status
        self.type = type
        self.upstream_status = upstream_status
        self.code = code

    @property
    def overflows(self) -> bool:
        """Whether the request was too long for the model: the prompt, or the prompt and `max_tokens` together."""
        return self.status == 400 and self.message.startswith(_OVERFLOWS)

    @property
    def of_account(self) -> bool:
        """Whether it is the account that is refused, in the form of an invalid request (Anthropic)."""
        return self.status == 400 and _ACCOUNT.search(self.message) is not None

    @property
    def window(self) -> int | None:
        """The model's context window in tokens, where an error that `overflows` says it."""
        found = _WINDOW.search(self.message) if self.overflows else None
        return int(found[1]) if found else None

    @property
    def logged(self) -> str:
        """That it was refused and how, without the provider's sentences."""
        how = f"HTTP {self.upstream_status}" if self.upstream_status else "an error"
        code = f" ({self.code})" if self.code and _CODE.fullmatch(self.code) else ""
        return f"the provider answered with {how}{code}"


class NoCredentials(UpstreamError):
    """Requests to the provider cannot be authorized: its credentials are missing, or who hands out tokens refuses them.

    It never came to a request. No retry helps before an administrator does.
    """

    status = 401
    type = "authentication_error"
    should_retry = False


class Unreachable(UpstreamError):
    """No connection to the provider, or it broke before the answer began."""


class BadAnswer(UpstreamError):
    """The provider's answer is not what its API promises. `shown` is a piece of it, for the client only."""

    def __init__(self, message: str, *, shown: str = "") -> None:
        super().__init__(f"{message}: {shown}" if shown else message)
        self._ours = message

    @property
    def logged(self) -> str:
        """The message without what is shown of the answer."""
        return self._ours


class Truncated(UpstreamError):
    """The provider's answer stopped before its own end."""


class DeadlinePassed(UpstreamError):
    """A deadline of ours passed: connecting, silence, or the whole request."""

    status = 504
    type = "timeout_error"


class SettingsError(CCProxyError):
    """A bad setting: one line that names it, its value (never a secret) and what is allowed."""
