import json
import sqlite3
from datetime import UTC, datetime

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from ccproxy.errors import Conflict, NotFound, Unavailable
from ccproxy.store import session
from ccproxy.store.providers import Provider, Providers
from ccproxy.store.session import open_engine, sqlite_path
from ccproxy.store.vault import Vault, new_key
from tests.store.processes import at_once

NEEDED = {"type": "openai-chat", "api_base_url": "http://127.0.0.1:1/v1"}
FULL = {
    "name": "groq",
    "type": "groq",
    "api_base_url": "https://api.groq.com/openai/v1",
    "api_key": "gsk-1234567890",
    "models": ("a", "b/c"),
    "enabled": False,
    "headers": {"x-team": "t-9"},
    "options": {"api_version": "1", "nested": {"list": [1, None]}},
}


def names(providers: Providers) -> list[str]:
    return [provider.name for provider in providers.snapshot().providers]


def execute(engine, statement, **values):
    with engine.begin() as connection:
        result = connection.execute(text(statement), values)
        return result.all() if result.returns_rows else []


def test_everything_survives(providers, another):
    before = datetime.now(UTC)
    saved, created = providers.save(FULL)
    assert created
    assert {name: getattr(saved, name) for name in FULL} == FULL
    assert before <= saved.created_at == saved.updated_at <= datetime.now(UTC)
    assert another().snapshot().get("groq") == saved


def test_defaults(providers):
    saved, _ = providers.save({"name": "a", **NEEDED})
    assert saved == Provider(name="a", **NEEDED, created_at=saved.created_at, updated_at=saved.updated_at)
    assert (saved.api_key, saved.models, saved.enabled, saved.headers, saved.options) == (None, (), True, {}, {})


@pytest.mark.parametrize("write", ["save", "change"])
def test_fields_left_out_stay(providers, write):
    first, _ = providers.save(FULL)
    if write == "save":
        second, created = providers.save({"name": "groq", "models": ["z"]})
        assert not created
    else:
        second = providers.change("groq", {"models": ["z"]})
    assert second.models == ("z",)
    assert second.created_at == first.created_at
    assert second.updated_at >= first.updated_at
    kept = FULL.keys() - {"models"}
    assert {name: getattr(second, name) for name in kept} == {name: FULL[name] for name in kept}


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_key_and_headers_can_be_taken_away(engine, providers, nothing):
    providers.save(FULL)
    changed = providers.change("groq", {"api_key": nothing, "headers": {}})
    assert (changed.api_key, changed.headers) == (None, {})
    assert execute(engine, "SELECT api_key, headers FROM providers") == [(None, None)]


def test_renaming(providers):
    providers.save({"name": "a", **NEEDED})
    providers.save({"name": "b", **NEEDED})
    assert providers.change("a", {"name": "c"}).name == "c"
    with pytest.raises(Conflict, match="'b' exists already"):
        providers.change("c", {"name": "b"})
    assert names(providers) == ["c", "b"]


def test_toggle_and_delete(providers):
    providers.save({"name": "a", **NEEDED})
    assert providers.toggle("a").enabled is False
    assert providers.snapshot().enabled == ()
    assert providers.toggle("a").enabled is True
    providers.delete("a")
    assert names(providers) == []


@pytest.mark.parametrize(
    "act", [lambda p: p.change("x", {"enabled": True}), lambda p: p.delete("x"), lambda p: p.toggle("x")]
)
def test_unknown_names(providers, act):
    version = providers.snapshot().version
    with pytest.raises(NotFound, match="no provider named 'x'"):
        act(providers)
    assert providers.snapshot().version == version


def test_fields_that_are_none(providers):
    with pytest.raises(TypeError, match="not a field of a provider: apiKey, created_at"):
        providers.save({"name": "a", **NEEDED, "apiKey": "k", "created_at": None})
    assert names(providers) == []


def test_secrets_are_tokens_in_the_file_and_absent_from_repr(engine, url, providers):
    saved, _ = providers.save(FULL)
    assert "gsk-" not in repr(saved)
    assert "t-9" not in repr(saved)
    assert "gsk-" not in repr(providers.snapshot())
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA user_version = 1")
    stored = b"".join(path.read_bytes() for path in sqlite_path(url).parent.iterdir())
    assert b"groq" in stored
    assert b"gsk-" not in stored
    assert b"t-9" not in stored


def test_a_snapshot_is_kept_until_something_changes(providers, engine):
    providers.save({"name": "a", **NEEDED})
    held = providers.snapshot()
    execute(engine, "INSERT INTO seeded_providers VALUES ('x', '2026-01-01 00:00:00')")
    assert providers.snapshot() is held
    providers.toggle("a")
    assert providers.snapshot() is not held
    assert held.get("a").enabled, "a request that has begun keeps what it has"


@pytest.mark.parametrize(
    "write",
    [
        lambda p: p.save({"name": "b", **NEEDED}),
        lambda p: p.save({"name": "a", "models": ["m"]}),
        lambda p: p.change("a", {"api_key": "k"}),
        lambda p: p.toggle("a"),
        lambda p: p.delete("a"),
        lambda p: p.add_missing([{"name": "c", **NEEDED}]),
    ],
    ids=["create", "save", "change", "toggle", "delete", "seed"],
)
def test_another_worker_sees_every_write_at_once(another, write):
    one, two = another(), another()
    one.save({"name": "a", **NEEDED})
    before = two.snapshot()
    write(one)
    after = two.snapshot()
    assert after.version == before.version + 1
    assert after.providers != before.providers
    assert after == one.snapshot()


def test_order_and_lookup(providers):
    for name in ("z", "a", "m"):
        providers.save({"name": name, **NEEDED})
    providers.toggle("a")
    snapshot = providers.snapshot()
    assert [provider.name for provider in snapshot.providers] == ["z", "a", "m"]
    assert [provider.name for provider in snapshot.enabled] == ["z", "m"]
    assert snapshot.get("a").enabled is False
    assert snapshot.get("none") is None


def test_processes_that_create_the_same_provider_at_once(engine, url, tmp_path):
    imports = f"""
from ccproxy.store.providers import Providers
from ccproxy.store.session import open_engine
from ccproxy.store.vault import Vault
providers = Providers(open_engine({url!r}), Vault([{new_key()!r}]))
providers.snapshot()
"""
    body = f"""
for number in range(10):
    print(providers.save({{"name": f"p{{number}}", **{NEEDED}, "models": [sys.argv[2]]}})[1])
    assert providers.snapshot().get(f"p{{number}}")
"""
    printed = at_once(tmp_path, imports, body, 3)
    assert sum(each.split().count("True") for each in printed) == 10
    assert execute(engine, "SELECT count(*) FROM providers") == [(10,)]
    assert execute(engine, "SELECT version FROM config_version WHERE id = 1") == [(1 + 3 * 10,)]


def test_an_offer_that_loses_a_race_is_the_other_s(providers, another, monkeypatch):
    insert = Providers._insert
    rival = another()

    def beaten(self, connection, fields, actor, detail=None):
        monkeypatch.setattr(Providers, "_insert", insert)
        connection.rollback()
        rival.add_missing([{"name": "a", **NEEDED, "models": ["theirs"]}])
        raise IntegrityError("INSERT", {}, sqlite3.IntegrityError("UNIQUE constraint failed"))

    monkeypatch.setattr(Providers, "_insert", beaten)
    assert providers.add_missing([{"name": "a", **NEEDED, "models": ["ours"]}]) == ()
    assert providers.snapshot().get("a").models == ("theirs",)


def test_a_rotation_elsewhere_reaches_a_worker_with_its_next_look(engine, said):
    keys = [Fernet.generate_key().decode()]
    vault = Vault(keys, reread=lambda: tuple(keys))
    providers = Providers(engine, vault, said)
    providers.snapshot()
    keys.insert(0, Fernet.generate_key().decode())
    execute(engine, "UPDATE config_version SET version = version + 1")
    providers.snapshot()
    assert vault.seal_keys == Vault(keys).seal_keys, "though no provider has a key that would show it"


def test_an_insert_that_loses_a_race_becomes_an_update(providers, another, monkeypatch):
    """SQLite's lock rules it out; another database has only the constraint."""
    insert = Providers._insert
    rival = another()

    def beaten(self, connection, fields, actor):
        monkeypatch.setattr(Providers, "_insert", insert)
        connection.rollback()
        rival.save({"name": "a", **NEEDED, "models": ["theirs"], "options": {"kept": 1}})
        raise IntegrityError("INSERT", {}, sqlite3.IntegrityError("UNIQUE constraint failed"))

    monkeypatch.setattr(Providers, "_insert", beaten)
    saved, created = providers.save({"name": "a", **NEEDED, "models": ["ours"]})
    assert (saved.models, saved.options, created) == (("ours",), {"kept": 1}, False)


class TestSeveralKeys:
    KEYS = ("sk-first-0123456789", "sk-second-0123456789", "sk-third-0123456789")

    def columns(self, engine, vault):
        row = execute(engine, "SELECT api_key, api_keys FROM providers")[0]
        return tuple(vault.decrypt(token) if token else None for token in row)

    def test_they_survive_and_the_first_stands_alone_too(self, engine, vault, providers, another):
        saved, _ = providers.save({"name": "a", **NEEDED, "api_keys": self.KEYS})
        assert (saved.api_key, saved.api_keys) == (self.KEYS[0], self.KEYS)
        assert another().snapshot().get("a") == saved
        assert self.columns(engine, vault) == (self.KEYS[0], json.dumps(list(self.KEYS)))
        assert "sk-" not in repr(saved)

    @pytest.mark.parametrize(
        ("fields", "api_key", "api_keys"),
        [
            ({}, KEYS[0], KEYS),
            ({"models": ["m"]}, KEYS[0], KEYS),
            ({"api_keys": KEYS[:2]}, KEYS[0], KEYS[:2]),
            ({"api_keys": KEYS[1:]}, KEYS[1], KEYS[1:]),
            ({"api_keys": KEYS[1:2]}, KEYS[1], ()),
            ({"api_keys": ()}, KEYS[0], ()),
            ({"api_key": KEYS[2]}, KEYS[2], ()),
            ({"api_key": KEYS[2], "api_keys": ()}, KEYS[2], ()),
            ({"api_key": KEYS[1], "api_keys": KEYS[1:]}, KEYS[1], KEYS[1:]),
            ({"api_key": None}, None, ()),
            ({"api_key": None, "api_keys": ()}, None, ()),
        ],
    )
    def test_a_change(self, providers, fields, api_key, api_keys):
        providers.save({"name": "a", **NEEDED, "api_keys": self.KEYS})
        changed = providers.change("a", fields)
        assert (changed.api_key, changed.api_keys) == (api_key, api_keys)

    @pytest.mark.parametrize("keys", [(), KEYS[:1], KEYS])
    def test_all_of_them_however_many(self, providers, keys):
        assert providers.save({"name": "a", **NEEDED, "api_keys": keys})[0].keys == keys

    @pytest.mark.parametrize("token", ["broken", "another column's"])
    def test_ones_that_cannot_be_read_put_the_provider_out_of_use(self, engine, vault, providers, said, token):
        providers.save({"name": "a", **NEEDED, "api_keys": self.KEYS})
        execute(
            engine,
            "UPDATE providers SET api_keys = :token",
            token="broken" if token == "broken" else vault.encrypt('{"x-team": "t-9"}'),
        )
        execute(engine, "UPDATE config_version SET version = version + 1")
        provider = providers.snapshot().get("a")
        assert (provider.api_key, provider.api_keys, provider.enabled) == (None, (), False)
        assert "its stored api_keys cannot be decrypted" in provider.error
        back = providers.change("a", {"api_key": self.KEYS[1]})
        assert (back.api_key, back.api_keys, back.enabled, back.error) == (self.KEYS[1], (), True, None)


class TestSeeding:
    def test_creates_what_is_missing(self, providers):
        providers.save({"name": "b", **NEEDED, "api_key": "theirs"})
        offered = [{"name": "a", **NEEDED, "api_key": "k"}, {"name": "b", **NEEDED, "api_key": "ours"}]
        assert providers.add_missing(offered) == ("a",)
        assert [provider.api_key for provider in providers.snapshot().providers] == ["theirs", "k"]

    def test_what_an_administrator_made_of_it_stays(self, another):
        offered = [{"name": name, **NEEDED} for name in ("changed", "deleted", "toggled", "renamed")]
        another().add_missing(offered)
        admin = another()
        admin.change("changed", {"models": ["m"]})
        admin.delete("deleted")
        admin.toggle("toggled")
        admin.change("renamed", {"name": "other"})
        before = admin.snapshot()
        assert another().add_missing(offered) == ()
        assert another().snapshot() == before

    def test_deleted_stays_deleted_even_when_it_was_there_first(self, providers):
        providers.save({"name": "a", **NEEDED})
        providers.add_missing([{"name": "a", **NEEDED}])
        providers.delete("a")
        assert providers.add_missing([{"name": "a", **NEEDED}]) == ()
        assert names(providers) == []

    def test_an_administrator_may_bring_it_back(self, providers):
        providers.add_missing([{"name": "a", **NEEDED}])
        providers.delete("a")
        assert providers.save({"name": "a", **NEEDED})[1] is True

    def test_nothing_offered_writes_nothing(self, providers):
        assert providers.add_missing([]) == ()
        assert providers.snapshot().version == 1

    def test_at_once(self, engine, url, tmp_path):
        imports = f"""
from ccproxy.store.providers import Providers
from ccproxy.store.session import open_engine
from ccproxy.store.vault import Vault
providers = Providers(open_engine({url!r}), Vault([{new_key()!r}]))
"""
        body = f"print(len(providers.add_missing([{{'name': n, **{NEEDED}}} for n in 'abc'])))"
        assert sorted(at_once(tmp_path, imports, body, 3)) == ["0", "0", "3"]
        assert execute(engine, "SELECT count(*) FROM providers") == [(3,)]


class TestBrokenTokens:
    @pytest.fixture
    def broken(self, engine, providers, vault, said) -> Providers:
        for name in ("a", "b"):
            providers.save({"name": name, **NEEDED, "api_key": f"sk-{name}", "headers": {"h": name}})
        return providers

    def break_(self, engine, column, token="broken"):
        execute(engine, f"UPDATE providers SET {column} = :token WHERE name = 'a'", token=token)
        execute(engine, "UPDATE config_version SET version = version + 1")

    @pytest.mark.parametrize("column", ["api_key", "headers"])
    def test_one_takes_no_other_down_and_says_so(self, engine, broken, said, column):
        self.break_(engine, column)
        snapshot = broken.snapshot()
        assert [provider.name for provider in snapshot.enabled] == ["b"]
        assert snapshot.get("b").api_key == "sk-b"
        assert f"its stored {column} cannot be decrypted" in snapshot.get("a").error
        assert said.events == [
            ("provider is out of use", {"provider": "a", "error": snapshot.get("a").error}),
        ]

    def test_a_token_from_another_column(self, engine, vault, broken):
        self.break_(engine, "headers", vault.encrypt("sk-swapped"))
        assert broken.snapshot().get("a").error
        assert broken.snapshot().get("b").enabled

    def test_it_cannot_be_enabled(self, engine, broken):
        self.break_(engine, "api_key")
        with pytest.raises(Conflict, match="cannot be decrypted"):
            broken.toggle("a")

    @pytest.mark.parametrize("columns", [["api_key"], ["headers"], ["api_key", "headers"]])
    def test_a_new_key_brings_it_back(self, engine, broken, said, columns):
        for column in columns:
            self.break_(engine, column)
        changed = broken.change("a", {"api_key": "sk-new"})
        assert (changed.api_key, changed.enabled, changed.error) == ("sk-new", True, None)
        assert changed.headers == ({} if "headers" in columns else {"h": "a"})
        assert ("lost its extra headers" in str(said.texts)) is ("headers" in columns)

    def test_other_secret_keys_altogether(self, engine, broken, said):
        strangers = Providers(engine, Vault([new_key()]), said)
        assert strangers.snapshot().enabled == ()
        assert [bool(provider.error) for provider in strangers.snapshot().providers] == [True, True]


class TestTrouble:
    def test_the_last_snapshot_goes_on_serving(self, engine, providers, said):
        providers.save({"name": "a", **NEEDED})
        held = providers.snapshot()
        execute(engine, "ALTER TABLE config_version RENAME TO gone")
        assert providers.snapshot() is held
        assert said.texts == ["providers cannot be read"]
        execute(engine, "ALTER TABLE gone RENAME TO config_version")
        providers.toggle("a")
        assert providers.snapshot().enabled == ()

    def test_without_one_it_is_unavailable(self, tmp_path, vault, said):
        with pytest.raises(Unavailable, match="cannot be read"):
            Providers(open_engine(f"sqlite:///{tmp_path}/empty.db"), vault, said).snapshot()

    def test_a_lock_that_is_held_too_long(self, providers, url, said, monkeypatch):
        monkeypatch.setattr(session, "WRITE_SECONDS", 0.05)
        providers.save({"name": "a", **NEEDED})
        holder = sqlite3.connect(sqlite_path(url), isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable) as raised:
            providers.toggle("a")
        assert raised.value.retry_after == 1
        assert said.events == [("providers cannot be written", {"error": "database is locked"})]
        assert providers.snapshot().get("a").enabled, "reading goes on"
        holder.execute("COMMIT")
        holder.close()
        assert providers.toggle("a").enabled is False

    def test_after_close_all_comes_again(self, providers):
        providers.close()
        providers.save({"name": "a", **NEEDED})
        providers.snapshot()
        providers.close()
        assert names(providers) == ["a"]


def test_what_is_held_is_not_read(providers):
    assert providers.held is None
    taken = providers.snapshot()
    providers.save({"name": "later", "type": "openai-chat", "api_base_url": "http://x"})
    assert providers.held is taken
