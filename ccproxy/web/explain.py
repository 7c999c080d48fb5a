"""POST /v1/messages/explain: the same body and headers as for /v1/messages, and what would become of them.

Nothing is sent and no row is written.
"""

from __future__ import annotations

from flask import Blueprint, Response, g, request

from ccproxy.gateway import explanation
from ccproxy.gateway.access import ADMIN
from ccproxy.gateway.asked import Asked
from ccproxy.gateway.call import Incoming
from ccproxy.gateway.explanation import Condition, Views
from ccproxy.gateway.health import Health
from ccproxy.gateway.permission import planned
from ccproxy.store.providers import Snapshot
from ccproxy.translate.parse import parse
from ccproxy.translate.target import Target
from ccproxy.web.bodies import read_body
from ccproxy.web.messages import BODY_TIMEOUT, anthropic_headers, client_headers
from ccproxy.web.replies import as_json
from ccproxy.web.schemas import hint
from ccproxy.web.services import services

_NO_ANSWER = "msg_none"  # nobody gets an answer of this id

blueprint = Blueprint("explain", __name__)


@blueprint.post("/v1/messages/explain")
def explain() -> Response:
    """The route that takes the request and why, and what each target would be sent, in the order of trying."""
    parts = services()
    environ = request.environ
    caller = parts.gate.check(environ)
    parts.limits.knock_beside(caller.key)
    parsed = parse(read_body(parts.settings.max_body_bytes, BODY_TIMEOUT))
    snapshot = parts.providers.snapshot()
    parts.health.take_in(snapshot)
    asked = Asked.of(parsed, client_headers(environ), caller.name)
    plan = planned(parts.router, asked, snapshot, caller.key)
    session = environ.get("HTTP_X_CLAUDE_CODE_SESSION_ID")
    incoming = Incoming(parsed, anthropic_headers(environ), _NO_ANSWER, g.request_id, session)
    explained = explanation.explain(
        incoming,
        asked,
        plan,
        parts.exchange.order(incoming, plan),
        parts.exchange.former(incoming, plan),
        _views(parts.health, snapshot, session, whole=caller.role == ADMIN),
    )
    return as_json(explained)


def _views(health: Health, snapshot: Snapshot, session: str | None, *, whole: bool) -> Views:
    """`whole`: hints of the providers' keys may be seen, and what would be sent to whom."""
    providers = {provider.name: provider for provider in snapshot.providers}

    def condition(target: Target) -> Condition:
        report = health.report(providers[target.provider])
        return explanation.condition(report, target, health.in_service(target))

    return Views(
        condition,
        lambda target: hint(health.next_key(target, session)) if whole else None,
        services().pricing.estimate,
        whole,
    )
