"""`/prices`, and which price holds."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.presets import prices as lists
from tests.web.conftest import Site
from tests.web.test_errors import assert_error

ONE = {"provider": "groq", "model": "llama-*", "input": 1.0, "output": 2.0, "cache_read": None, "cache_write": 0.5}


def say(site: Site, **fields: Any) -> Any:
    return site.client.post("/prices", json=fields)


def known(site: Site, provider: str, model: str) -> Any:
    return site.get(f"/prices/known?provider={provider}&model={model}").get_json()


def test_a_price_is_said_said_anew_and_taken_back(site: Site) -> None:
    response = say(site, **ONE)
    assert response.status_code == 201
    made = response.get_json()
    assert {name: made[name] for name in ONE} == ONE
    assert site.get("/prices").get_json() == [made]
    again = say(site, **{**ONE, "input": 3})
    assert (again.status_code, again.get_json()["input"], again.get_json()["id"]) == (200, 3.0, made["id"])
    assert say(site, model="*", input=0, output=0).get_json()["provider"] == "*"
    assert site.client.delete(f"/prices/{made['id']}").get_json() == {"message": "price of llama-* at groq deleted"}
    assert [price["model"] for price in site.get("/prices").get_json()] == ["*"]
    assert_error(site.client.delete(f"/prices/{made['id']}"), 404, "not_found_error")
    for number in ("x", "9" * 30):
        assert_error(site.client.delete(f"/prices/{number}"), 404, "not_found_error")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"input": 1, "output": 1}, "model: is missing"),
        ({"model": "m", "output": 1}, "input: is missing"),
        ({"model": "m", "input": -1, "output": 1}, "input: must be a number from 0"),
        ({"model": "m", "input": 1, "output": "1"}, "output: must be a number from 0"),
        ({"model": "m", "input": 1, "output": 1, "provider": "No Such"}, "provider: must be a provider's name, or *"),
        ({"model": "m" * 201, "input": 1, "output": 1}, "model: must not be longer than 200"),
        ({"model": "m", "input": 1, "output": 1, "price": 1}, "price: is not a field of a price"),
    ],
)
def test_what_is_wrong_is_named(site: Site, fields: dict[str, Any], words: str) -> None:
    assert assert_error(say(site, **fields), 400, "invalid_request_error")["message"].startswith(words)
    assert site.get("/prices").get_json() == []


def test_who_says_which_price_holds(site: Site) -> None:
    site.add(name="groq", api_key="gsk-0123456789abcdef")
    url = "https://groq.com/pricing"
    found = known(site, "groq", "openai/gpt-oss-120b")
    assert (found["source"], found["url"], found["checked"]) == ("list", url, lists.checked())
    assert found["price"]["input"] == 0.15
    assert known(site, "groq", "nobody-knows") == {
        "provider": "groq",
        "model": "nobody-knows",
        "price": None,
        "source": None,
        "url": None,
        "checked": lists.checked(),
    }
    site.client.put("/providers/groq", json={"options": {"prices": {"nobody-*": {"input": 3, "output": 4}}}})
    assert known(site, "groq", "nobody-knows")["source"] == "provider"
    say(site, **{**ONE, "model": "nobody-*"})
    assert known(site, "groq", "nobody-knows")["price"]["cache_write"] == 0.5
    assert known(site, "groq", "nobody-knows")["source"] == "override"


@pytest.mark.parametrize(
    ("query", "status"), [("provider=groq", 400), ("model=m", 400), ("provider=nobody&model=m", 404)]
)
def test_a_price_of_nothing(site: Site, query: str, status: int) -> None:
    assert site.get(f"/prices/known?{query}").status_code == status


@pytest.mark.parametrize(
    ("prices", "words"),
    [
        ([], "options.prices: must be an object of models"),
        ({"m": 1}, "options.prices.m: must be an object of input, output"),
        ({"m": {"input": 1}}, "options.prices.m: must be"),
        ({"m": {"input": -1, "output": 1}}, "options.prices.m: must be"),
        ({"m": {"input": 1, "output": 1, "cached": 1}}, "options.prices.m: must be"),
    ],
)
def test_prices_of_a_provider_are_checked(site: Site, prices: Any, words: str) -> None:
    response = site.add(name="groq", api_key="gsk-0123456789abcdef", options={"prices": prices})
    assert assert_error(response, 400, "invalid_request_error")["message"].startswith(words)
