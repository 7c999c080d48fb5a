import pytest
from cryptography.fernet import Fernet

from ccproxy.errors import NotFound
from ccproxy.store.audit import Actor, Audit, Wanted
from ccproxy.store.prices import Prices
from ccproxy.store.providers import Providers
from ccproxy.store.session import open_engine
from ccproxy.store.vault import Vault

ONE = {"provider": "groq", "model": "llama-*", "input": 1.0, "output": 2.0}


@pytest.fixture
def prices(engine, said):
    return Prices(engine, said)


def test_what_is_said_holds_in_every_worker_at_once(prices, url, said):
    elsewhere = Providers(open_engine(url), Vault((Fernet.generate_key().decode(),)), said)
    assert elsewhere.snapshot().prices == ()
    made, created = prices.save(ONE)
    assert created
    assert {name: getattr(made, name) for name in ONE} == ONE
    assert (made.cache_read, made.cache_write) == (None, None)
    assert elsewhere.snapshot().prices == (made,)
    other, created = prices.save({**ONE, "provider": "*", "cache_read": 0.5, "cache_write": 0.0})
    assert created
    changed, created = prices.save({**ONE, "input": 3.0})
    assert not created
    assert (changed.id, changed.input, changed.created_at) == (made.id, 3.0, made.created_at)
    assert elsewhere.snapshot().prices == (changed, other)
    assert elsewhere.snapshot() is elsewhere.snapshot()
    assert prices.delete(made.id) == changed
    assert elsewhere.snapshot().prices == (other,)
    with pytest.raises(NotFound, match="there is no price 1"):
        prices.delete(made.id)
    elsewhere.close()
    prices.close()


def test_saying_it_again_takes_back_what_is_left_out(prices):
    prices.save({**ONE, "cache_read": 0.5})
    assert prices.save(ONE)[0].cache_read is None


def test_every_change_is_told_to_the_audit(prices, engine):
    anna = Actor("anna", "10.0.0.1")
    made, _ = prices.save(ONE, anna)
    prices.save(ONE, anna)
    prices.save({**ONE, "output": 5.0}, anna)
    prices.delete(made.id, anna)
    said = {"input": 1.0, "output": 2.0, "cache_read": None, "cache_write": None}
    events = Audit(engine).page(Wanted(), 10)[::-1]
    assert [(event.action, event.before, event.after) for event in events] == [
        ("price.create", None, said),
        ("price.change", said, said | {"output": 5.0}),
        ("price.delete", said | {"output": 5.0}, None),
    ]
    assert {(event.actor, event.address, event.subject) for event in events} == {("anna", "10.0.0.1", "groq/llama-*")}
