"""/metrics: who may read it, and what of the present is in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from ccproxy.errors import UpstreamRefused
from ccproxy.gateway.access import Caller, Gate
from ccproxy.translate.dialect import Dialect
from ccproxy.translate.target import Target
from ccproxy.web import metrics
from ccproxy.web.services import EXTENSION
from tests.web.conftest import KEY, PRIVATE, Health, Site


def prepare(*allowed: str, **parts: Any) -> Callable[[Flask], None]:
    """Adds the blueprint, and a log and captures that do not get on."""

    def work(app: Flask) -> None:
        app.register_blueprint(metrics.blueprint)
        found = app.extensions[EXTENSION]
        settings = SimpleNamespace(**vars(found.settings), metrics_allowed_ips=tuple(map(ip_network, allowed)))
        logbook = SimpleNamespace(queued=4, dropped=2)
        captures = SimpleNamespace(queued=3, queued_bytes=5000, dropped=1)
        stuck = {"settings": settings, "logbook": logbook, "captures": captures}
        app.extensions[EXTENSION] = replace(found, **{**stuck, **parts})

    return work


def values(site: Site, **options: Any) -> dict[tuple[str, ...], float]:
    """Name and labels to value."""
    answer = site.get("/metrics", **options)
    assert answer.status_code == 200, answer.json
    return {
        (sample.name.removeprefix("ccproxy_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


MakeSite = Callable[..., Site]


@pytest.mark.parametrize(
    ("address", "headers", "allowed", "status"),
    [
        ("127.0.0.1", {}, [], 401),
        ("127.0.0.1", {"x-api-key": "wrong"}, [], 401),
        ("127.0.0.1", {"x-api-key": KEY}, [], 200),
        ("127.0.0.1", {"Authorization": f"Bearer {KEY}"}, [], 200),
        ("10.0.0.9", {}, ["10.0.0.9/32"], 200),
        ("10.0.0.8", {}, ["10.0.0.9/32"], 401),
        ("::ffff:10.0.0.9", {}, ["fc00::/7", "10.0.0.0/24"], 200),
        ("203.0.113.5", {}, ["203.0.113.5/32"], 200),
        ("203.0.113.6", {"x-api-key": KEY}, ["203.0.113.5/32"], 403),
        ("10.0.0.8", {"X-Forwarded-For": "10.0.0.9"}, ["10.0.0.9/32"], 401),
        ("10.9.9.9", {"X-Forwarded-For": "10.0.0.9"}, ["10.0.0.9/32"], 200),
        ("10.9.9.9", {"X-Forwarded-For": "10.0.0.8"}, ["10.9.9.9/32"], 401),
    ],
)
def test_who_may_read_them(
    make_site: MakeSite, address: str, headers: dict[str, str], allowed: list[str], status: int
) -> None:
    gate = Gate(KEY, PRIVATE, [ip_network("10.9.9.9/32")])
    site = make_site(apikey=KEY, address=address, prepare=prepare(*allowed, gate=gate))
    assert site.get("/metrics", headers=headers).status_code == status


def test_members_may_not(make_site: MakeSite, monkeypatch: pytest.MonkeyPatch) -> None:
    site = make_site(prepare=prepare())
    monkeypatch.setattr(Gate, "check", lambda _self, _environ: Caller("ann", "member", "10.0.0.1"))
    answer = site.get("/metrics")
    assert (answer.status_code, answer.json["error"]["type"]) == (403, "permission_error")


def test_without_a_key_this_machine_may(make_site: MakeSite) -> None:
    assert make_site(prepare=prepare()).get("/metrics").status_code == 200


def test_what_is_true_now(make_site: MakeSite) -> None:
    site = make_site(prepare=prepare())
    site.services.providers.save(
        {"name": "groq", "type": "groq", "api_base_url": "http://x", "api_keys": ["sk-one", "sk-two"], "models": ["m"]}
    )
    site.services.providers.save({"name": "off", "type": "groq", "api_base_url": "http://x", "enabled": False})
    site.services.health.take_in(site.services.providers.snapshot())
    refused = UpstreamRefused("slow down", status=429, type="rate_limit_error", upstream_status=429, retry_after=60)
    target = Target(
        provider="groq",
        kind="groq",
        wire="openai_chat",
        model="m",
        base_url="http://x",
        dialect=Dialect(),
        key="sk-one",
        keys=("sk-one", "sk-two"),
    )
    site.services.health.failed(target, refused)
    found = values(site)
    assert found[("build_info", "", site.get("/").json["version"])] == 1
    assert found[("database_up",)] == 1
    assert found[("database_size_bytes",)] > 10_000
    assert found[("memory_bytes",)] > 1_000_000
    assert found[("log_queue_rows",)] == 4
    assert found[("log_dropped_rows_total",)] == 2
    assert [found[(f"capture_{name}",)] for name in ("queue_requests", "queue_bytes")] == [3, 5000]
    assert found[("capture_dropped_requests_total",)] == 1
    assert found[("captures_size_bytes",)] == 0
    assert found[("provider_healthy", "groq")] == 1
    assert [found[("cooldowns", part, "groq")] for part in ("provider", "model", "key")] == [0, 0, 1]
    assert ("provider_healthy", "off") not in found


def test_without_a_database_the_rest_is_there(make_site: MakeSite) -> None:
    site = make_site(statistics=Health(ok=False), prepare=prepare())
    found = values(site)
    assert found[("database_up",)] == 0
    assert ("requests_in_flight",) in found


def test_it_is_never_kept(make_site: MakeSite) -> None:
    answer = make_site(prepare=prepare()).get("/metrics")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.content_type.startswith("text/plain; version=0.0.4")
