"""Who acts in the current request, as the audit is to know it. For views that change something."""

from __future__ import annotations

from flask import g, request

from ccproxy.store.audit import Actor
from ccproxy.web.services import services


def admins_only() -> None:
    """Lets only administrators on; run before a body is read (`before_request`). Raises as the gate does."""
    caller = services().gate.require_admin(request.environ)
    g.actor = Actor(caller.name, caller.address)


def acting() -> Actor:
    """Whom `admins_only` has let on."""
    actor: Actor = g.actor
    return actor
