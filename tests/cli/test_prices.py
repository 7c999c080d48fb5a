"""`ccproxy prices` against a proxy that answers from a table."""

import json

ONE = {
    "id": 3,
    "provider": "groq",
    "model": "llama-*",
    "input": 1.0,
    "output": 2.5,
    "cache_read": None,
    "cache_write": 0.0,
}


def test_the_list(ask, proxy):
    proxy.answers["GET /prices"] = [ONE]
    heading, row = ask("prices", "list").output.splitlines()
    assert heading.split() == ["ID", "PROVIDER", "MODEL", "INPUT", "OUTPUT", "CACHE", "READ", "CACHE", "WRITE"]
    assert row.split() == ["3", "groq", "llama-*", "1", "2.5", "0"]
    assert json.loads(ask("prices", "list", "--json").output) == [ONE]
    proxy.answers["GET /prices"] = []
    assert "the price lists hold" in ask("prices", "list").output


def test_a_price_is_said_and_taken_back(ask, proxy):
    proxy.answers["POST /prices"] = (201, ONE)
    assert (
        ask("prices", "set", "groq", "llama-*", "1", "2.5", "--cache-write", "0").output
        == "price 3 set: llama-* at groq\n"
    )
    said = {name: value for name, value in ONE.items() if name != "id"}
    assert proxy.asked[-1].body == said
    proxy.answers["POST /prices"] = (200, ONE)
    assert ask("prices", "set", "groq", "llama-*", "1", "2").output == "price 3 changed: llama-* at groq\n"
    proxy.answers["DELETE /prices/3"] = {"message": "price of llama-* at groq deleted"}
    assert ask("prices", "remove", "3").output == "price of llama-* at groq deleted\n"


def test_which_price_holds(ask, proxy):
    path = "GET /prices/known?provider=groq&model=a%2Fb"
    price = {"input": 0.15, "output": 0.6, "cache_read": 0.075, "cache_write": None}
    found = {"price": price, "source": "list", "url": "https://groq.com/pricing", "checked": "2026-11-23"}
    proxy.answers[path] = found
    words = "input $0.15, output $0.6, cache_read $0.075 (https://groq.com/pricing, looked up on 2026-11-23)\n"
    assert ask("prices", "show", "groq", "a/b").output == words
    assert json.loads(ask("prices", "show", "groq", "a/b", "--json").output) == found
    proxy.answers[path] = found | {"source": "override", "url": None}
    assert "(said under /prices)" in ask("prices", "show", "groq", "a/b").output
    proxy.answers[path] = found | {"price": None, "source": None}
    assert (
        ask("prices", "show", "groq", "a/b").output == "no price of a/b at groq is known: its requests have no cost\n"
    )
