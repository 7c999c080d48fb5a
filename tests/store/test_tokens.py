from ccproxy.store.session import open_engine
from ccproxy.store.tokens import count_stored, stored


def test_what_is_encrypted(engine, providers, vault):
    fields = {"type": "openai-chat", "api_base_url": "http://x"}
    providers.save({"name": "bare", **fields})
    providers.save({"name": "emptied", **fields, "api_key": "", "headers": {}})
    providers.save({"name": "both", **fields, "api_key": "sk-123", "headers": {"x-team": "t-9"}})
    providers.save({"name": "several", **fields, "api_keys": ("sk-1", "sk-2")})
    with engine.connect() as connection:
        tokens = stored(connection)
    assert [(each.provider, each.column, vault.decrypt(each.token)) for each in tokens] == [
        ("both", "api_key", "sk-123"),
        ("both", "headers", '{"x-team": "t-9"}'),
        ("several", "api_key", "sk-1"),
        ("several", "api_keys", '["sk-1", "sk-2"]'),
    ]
    assert count_stored(engine) == 4


def test_none_where_there_are_no_tables(tmp_path):
    assert count_stored(open_engine(f"sqlite:///{tmp_path}/c.db")) == 0
    (tmp_path / "d.db").mkdir()
    assert count_stored(open_engine(f"sqlite:///{tmp_path}/d.db")) == 0
