"""The administrator whose request this is, as views and the audit know them. For views of the admin API."""

from __future__ import annotations

from flask import g, request

from ccproxy.gateway.access import Caller
from ccproxy.store.audit import Actor
from ccproxy.web.services import services


def admins_only() -> None:
    """Lets only administrators on; run before a body is read (`before_request`). Raises as the gate does."""
    g.admin = services().gate.require_admin(request.environ)


def calling() -> Caller:
    """Whom `admins_only` has let on."""
    caller: Caller = g.admin
    return caller


def acting() -> Actor:
    """The same, for the audit."""
    caller = calling()
    return Actor(caller.name, caller.address)
