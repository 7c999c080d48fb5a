from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from ccproxy.errors import Conflict, NotFound, Unavailable
from ccproxy.store import key_text
from ccproxy.store.audit import Actor, Audit, Wanted
from ccproxy.store.client_keys import ClientKeys, last_uses
from ccproxy.store.session import open_engine
from ccproxy.web.key_schemas import audited_key

FULL = {
    "name": "anna",
    "owner": "Anna <anna@example.com>",
    "role": "admin",
    "models": ("claude-*", "groq/*"),
    "addresses": ("10.0.0.0/8",),
    "expires_at": datetime(2030, 1, 2, tzinfo=UTC),
    "requests_per_minute": 60,
    "tokens_per_minute": 100_000,
    "concurrent_requests": 4,
    "daily_budget_usd": 5.5,
    "monthly_budget_usd": 50.0,
    "daily_token_budget": 1_000_000,
    "monthly_token_budget": 9_000_000,
    "capture": "errors",
    "enabled": False,
}


@pytest.fixture
def keys(engine, said):
    return ClientKeys(engine, said)


@pytest.fixture
def elsewhere(engine, url, said):
    """Another worker's."""
    return ClientKeys(open_engine(url), said)


def test_what_is_said_of_a_key_is_kept(keys, elsewhere):
    made, secret = keys.create(FULL)
    assert {name: getattr(made, name) for name in FULL} == FULL
    assert elsewhere.snapshot().keys == (made,) == keys.snapshot().keys
    assert elsewhere.snapshot().find(key_text.digest(secret)) == made
    assert elsewhere.snapshot().get("anna") == made
    assert elsewhere.snapshot().get("nobody") is None


def test_what_is_left_out_has_its_default(keys):
    made, secret = keys.create({"name": "ben"})
    assert (made.role, made.models, made.addresses, made.capture, made.enabled) == ("member", (), (), "off", True)
    assert made.requests_per_minute is made.daily_budget_usd is made.expires_at is made.owner is None
    assert made.prefix == secret[:12]
    assert made.created_at == made.updated_at
    assert datetime.now(UTC) - made.created_at < timedelta(minutes=1)


def test_the_text_of_a_key_is_nowhere(keys, engine, url):
    made, secret = keys.create(FULL)
    with engine.connect() as connection:
        dump = str(connection.execute(text("SELECT * FROM client_keys")).all())
    assert secret not in dump
    assert secret[12:] not in dump
    assert made.digest in dump
    assert made.digest not in repr(made)


def test_a_name_is_taken_once(keys):
    keys.create({"name": "ben"})
    with pytest.raises(Conflict, match="a key named 'ben' exists already"):
        keys.create({"name": "ben"})
    assert len(keys.snapshot().keys) == 1


def test_a_change_is_seen_by_every_worker_at_once(keys, elsewhere):
    keys.create({"name": "ben"})
    assert elsewhere.snapshot().keys[0].requests_per_minute is None
    changed = keys.change("ben", {"requests_per_minute": 3, "models": ("a",)})
    assert elsewhere.snapshot().keys == (changed,)
    assert (changed.requests_per_minute, changed.models, changed.role) == (3, ("a",), "member")
    assert not keys.toggle("ben").enabled
    assert not elsewhere.snapshot().keys[0].enabled
    keys.delete("ben")
    assert elsewhere.snapshot().keys == ()


def test_a_snapshot_is_kept_as_long_as_nothing_changes(keys, providers):
    keys.create({"name": "ben"})
    first = keys.snapshot()
    providers.save({"name": "p", "type": "openai-chat", "api_base_url": "http://127.0.0.1"})
    assert keys.snapshot() is first
    keys.toggle("ben")
    assert keys.snapshot() is not first


def test_a_rotated_key_is_taken_for_a_while_the_one_before_it_is_not(keys):
    _, first = keys.create({"name": "ben"})
    made, second = keys.rotate("ben", timedelta(hours=1))
    found = keys.snapshot()
    assert first != second
    assert found.find(key_text.digest(first)) == found.find(key_text.digest(second)) == made
    assert (made.former_digest, made.former_prefix) == (key_text.digest(first), first[:12])
    assert timedelta(minutes=59) < made.former_until - datetime.now(UTC) <= timedelta(hours=1)
    made, third = keys.rotate("ben", timedelta(0))
    found = keys.snapshot()
    assert found.find(key_text.digest(third)) == made
    assert found.find(key_text.digest(first)) is found.find(key_text.digest(second)) is None
    assert (made.former_digest, made.former_prefix, made.former_until) == (None, None, None)


@pytest.mark.parametrize(
    "act",
    [
        lambda keys: keys.change("nobody", {"enabled": True}),
        lambda keys: keys.toggle("nobody"),
        lambda keys: keys.delete("nobody"),
        lambda keys: keys.rotate("nobody", timedelta(0)),
    ],
)
def test_there_is_no_such_key(keys, act):
    with pytest.raises(NotFound, match="no key named 'nobody'"):
        act(keys)


def test_fields_that_are_none_are_refused(keys):
    with pytest.raises(TypeError, match="not a field of a key: digest, id"):
        keys.create({"name": "ben", "digest": "x", "id": 3})


def test_when_keys_were_last_used(keys, engine):
    keys.create({"name": "ben"})
    with engine.begin() as connection:
        assert last_uses(connection) == {}
        connection.execute(text("INSERT INTO key_uses VALUES ('ben', '2026-01-02 03:04:05.000000')"))
        assert last_uses(connection) == {"ben": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)}


def test_without_a_database_the_last_keys_go_on_serving(keys, engine, said):
    keys.create({"name": "ben"})
    held = keys.snapshot()
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE config_version RENAME TO gone"))
    assert keys.snapshot() is held
    assert said.texts == ["client keys cannot be read"]
    with pytest.raises(Unavailable):
        ClientKeys(engine, said).snapshot()
    keys.close()


def test_every_change_is_told_to_the_audit_without_a_digest(engine):
    keys = ClientKeys(engine, show=audited_key)
    anna = Actor("anna", "10.0.0.1")
    _, first = keys.create({"name": "ben"}, anna)
    keys.change("ben", {"requests_per_minute": 3}, anna)
    keys.change("ben", {"requests_per_minute": 3}, anna)
    keys.rotate("ben", timedelta(hours=1), anna)
    keys.toggle("ben", anna)
    keys.delete("ben", anna)
    events = Audit(engine).page(Wanted(), 10)[::-1]
    assert [event.action for event in events] == [
        "key.create",
        "key.change",
        "key.rotate",
        "key.toggle",
        "key.delete",
    ]
    assert {(event.actor, event.address, event.subject) for event in events} == {("anna", "10.0.0.1", "ben")}
    assert (events[1].before, events[1].after) == ({"requests_per_minute": None}, {"requests_per_minute": 3})
    assert events[2].before["prefix"] == first[:12]
    assert (events[3].before, events[3].after) == ({"enabled": True}, {"enabled": False})
    told = str(events)
    assert key_text.digest(first) not in told
    assert first not in told
