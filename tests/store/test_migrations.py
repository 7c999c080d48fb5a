import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from ccproxy.errors import SettingsError
from ccproxy.store.migrations import SCRIPTS, migrate, require_current
from ccproxy.store.models import SCHEMA, metadata
from ccproxy.store.session import open_engine, write_engine
from tests.store.processes import at_once


def test_the_migrated_schema_is_that_of_the_models(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True, "render_as_batch": True}
        )
        assert compare_metadata(context, metadata) == []


def test_indexes_are_those_of_the_models(engine, tmp_path):
    """The comparison above does not look at all of what they say."""
    plain = open_engine(f"sqlite:///{tmp_path}/plain.db")
    metadata.create_all(plain)
    found = []
    for each in (engine, plain):
        with each.connect() as connection:
            rows = connection.execute(text("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"))
            found.append(sorted(rows.scalars()))
    assert found[0] == found[1]
    assert len(found[0]) == 11


def test_the_number_in_the_models_is_the_newest_migration():
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA]


def test_twice_is_once(engine):
    with engine.connect() as connection:
        before = connection.execute(text("SELECT * FROM config_version")).all()
    assert migrate(engine) == SCHEMA
    require_current(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT * FROM config_version")).all() == before == [(1, 1), (2, 1), (3, 1)]


def test_down_and_up_again(engine):
    to(engine, "base")
    with engine.connect() as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
    assert tables == ["alembic_version"]
    with pytest.raises(SettingsError, match="has no tables yet"):
        require_current(engine)
    migrate(engine)
    require_current(engine)


def to(engine, revision):
    """The database at that migration, upwards or downwards."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    with write_engine(engine).begin() as connection:
        config.attributes["connection"] = connection
        context = MigrationContext.configure(connection)
        here = context.get_current_revision() or ""
        (command.downgrade if revision == "base" or here > revision else command.upgrade)(config, revision)


def rows(engine, statement):
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


FIRST_SCHEMA = (
    "INSERT INTO providers VALUES (1, 'groq', 'groq', 'https://api.groq.com', 'token', '[\"m\"]', 1, NULL, "
    """'{"a": 1}', '2026-01-01 00:00:00.000000', '2026-01-02 00:00:00.000000')""",
    "INSERT INTO providers VALUES (3, 'bare', 'openai-chat', 'http://x', NULL, '[]', 0, 'token', '{}', "
    "'2026-01-03 00:00:00.000000', '2026-01-04 00:00:00.000000')",
    "INSERT INTO seeded_providers VALUES ('groq', '2026-01-01 00:00:00.000000')",
    "UPDATE config_version SET version = 7",
    "INSERT INTO request_logs (request_id, started_at, stream, status, usage_estimated, duration_ms, dropped, attempts)"
    " VALUES ('req_1', '2026-01-01 00:00:00.000000', 1, 200, 0, 12.5, '[]', '[]')",
    "UPDATE request_totals SET total = 1",
)
OLD_COLUMNS = "id, name, type, api_base_url, api_key, models, enabled, headers, options, created_at, updated_at"
LOG_COLUMNS = (
    "id, request_id, started_at, caller, client_ip, provider, model, upstream_model, route, stream, status, error_type,"
    " stop_reason, input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens, thinking_tokens,"
    " usage_estimated, ttft_ms, duration_ms, dropped, attempts, session_id, user_agent"
)
KEPT = {
    f"SELECT {OLD_COLUMNS} FROM providers": 2,
    "SELECT * FROM seeded_providers": 1,
    "SELECT * FROM config_version WHERE id = 1": 1,
    f"SELECT {LOG_COLUMNS} FROM request_logs": 1,
    "SELECT * FROM request_totals": 1,
}


def test_what_the_first_schema_held_is_there_after_it_went_up_and_down(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/c.db")
    to(engine, "0001")
    with engine.begin() as connection:
        for statement in FIRST_SCHEMA:
            connection.execute(text(statement))
    before = {statement: rows(engine, statement) for statement in KEPT}
    assert {statement: len(found) for statement, found in before.items()} == KEPT
    migrate(engine)
    assert {statement: rows(engine, statement) for statement in KEPT} == before
    assert rows(engine, "SELECT api_keys FROM providers") == [(None,), (None,)]
    with engine.begin() as connection:
        connection.execute(text("UPDATE providers SET api_keys = 'all' WHERE id = 1"))
    to(engine, "0001")
    assert {statement: rows(engine, statement) for statement in KEPT} == before
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text(f"INSERT INTO providers SELECT 9, {OLD_COLUMNS[4:]} FROM providers WHERE id = 1"))
    migrate(engine)
    assert rows(engine, "SELECT api_keys FROM providers") == [(None,), (None,)]
    require_current(engine)


def test_how_providers_answered_last_is_found_in_the_first_schema_s_log(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/c.db")
    to(engine, "0001")
    indexes = "SELECT name, sql FROM sqlite_master WHERE type = 'index' ORDER BY name"
    before = rows(engine, indexes)
    with engine.begin() as connection:
        for statement in FIRST_SCHEMA:
            connection.execute(text(statement))
        for provider, minute, status, error in (
            ("groq", 1, 200, None),
            ("groq", 2, 200, None),
            ("groq", 3, 401, "authentication_error"),
            ("groq", 4, 529, "overloaded_error"),
            ("groq", 5, 404, "not_found_error"),
            ("groq", 6, 503, "overloaded_error"),
            ("bare", 7, 200, None),
            ("gone", 8, 200, None),
        ):
            connection.execute(
                text(
                    "INSERT INTO request_logs (request_id, started_at, provider, status, error_type, stream,"
                    " usage_estimated, duration_ms, dropped, attempts)"
                    " VALUES ('r', :at, :provider, :status, :error, 0, 0, 1.0, '[]', '[]')"
                ),
                {"at": moment(minute), "provider": provider, "status": status, "error": error},
            )
    migrate(engine)
    assert rows(engine, "SELECT * FROM provider_answers ORDER BY ended_at") == [
        ("groq", 1, moment(2), moment(2), 200, None),
        ("groq", 0, moment(4), moment(4), 529, "overloaded_error"),
        ("bare", 1, moment(7), moment(7), 200, None),
    ]
    to(engine, "0001")
    assert rows(engine, indexes) == before


def moment(minute):
    return f"2026-01-05 00:0{minute}:00.000000"


def test_several_at_once(tmp_path):
    imports = "from ccproxy.store.migrations import migrate\nfrom ccproxy.store.session import open_engine"
    printed = at_once(tmp_path, imports, "print(migrate(open_engine('sqlite:///data/c.db')))", 4)
    assert printed == [SCHEMA] * 4
    with sqlite3.connect(tmp_path / "data" / "c.db") as connection:
        assert connection.execute("SELECT count(*) FROM config_version").fetchone() == (3,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda path: None, f"has no tables yet, {SCHEMA} is needed: run `ccproxy migrate`"),
        (lambda path: path.write_text("not a database, but long enough to be looked at " * 20), "cannot be opened"),
        (lambda path: path.mkdir(), "cannot be opened"),
    ],
    ids=["empty", "no database", "a folder"],
)
def test_a_database_that_is_not_ready_stops_the_start_with_one_line(tmp_path: Path, prepare, words):
    prepare(tmp_path / "c.db")
    with pytest.raises(SettingsError) as raised:
        require_current(open_engine(f"sqlite:///{tmp_path}/c.db"))
    assert words in raised.value.message
    assert "\n" not in raised.value.message
    assert str(tmp_path / "c.db") in raised.value.message


def test_a_database_of_another_version(engine):
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(SettingsError, match=f"is at schema 0000, {SCHEMA} is needed"):
        require_current(engine)


def test_a_database_of_a_newer_version_is_left_alone(engine):
    """Advice to migrate would lead nowhere."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for attempt in (require_current, migrate):
        with pytest.raises(SettingsError, match="was made by a newer ccproxy") as raised:
            attempt(engine)
        assert "\n" not in raised.value.message


def test_what_cannot_be_migrated_says_so_in_one_line(tmp_path):
    (tmp_path / "c.db").mkdir()
    with pytest.raises(SettingsError, match="cannot be migrated") as raised:
        migrate(open_engine(f"sqlite:///{tmp_path}/c.db"))
    assert "\n" not in raised.value.message
