from __future__ import annotations

import json
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ccproxy.presets import PRESETS
from ccproxy.presets.prices import Price, cost, price

FILE = Path(__file__).resolve().parents[2] / "ccproxy" / "presets" / "prices.json"
PRICES: dict[str, Any] = json.loads(FILE.read_text())
ROWS = [(name, place, row) for name, table in PRICES["tables"].items() for place, row in enumerate(table["rows"])]


@pytest.mark.parametrize(
    ("kind", "model", "input", "output", "cache_read", "cache_write"),
    [
        ("openai", "gpt-5", 1.25, 10, 0.125, None),
        ("openai", "gpt-5-mini", 0.25, 2, 0.025, None),
        ("openai", "gpt-5.1-codex-mini", 0.25, 2, 0.025, None),
        ("openai", "GPT-4o", 2.5, 10, 1.25, None),
        ("openai", "gpt-4o-mini-2024-07-18", 0.15, 0.6, 0.075, None),
        ("openai", "o3-mini", 1.1, 4.4, 0.55, None),
        ("azure", "gpt-6-luna", 0.1, 0.5, 0.01, 0.125),
        ("anthropic", "claude-opus-5-5", 4, 20, 0.2, 5),
        ("anthropic", "claude-opus-5-20260724", 5, 25, 0.5, 6.25),
        ("anthropic", "claude-opus-4-20250514", 15, 75, 1.5, 18.75),
        ("anthropic", "claude-opus-4-1", 15, 75, 1.5, 18.75),
        ("anthropic", "claude-sonnet-4-0", 3, 15, 0.3, 3.75),
        ("anthropic", "claude-3-5-sonnet-latest", 3, 15, 0.3, 3.75),
        ("anthropic", "claude-fable-5", 10, 50, 1, 12.5),
        ("bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", 3, 15, 0.3, 3.75),
        ("vertex", "claude-haiku-4-5@20251001", 1, 5, 0.1, 1.25),
        ("vertex", "gemini-2.5-flash", 0.3, 2.5, 0.03, None),
        ("gemini", "gemini-2.5-flash-lite", 0.1, 0.4, 0.01, None),
        ("gemini-openai", "gemini-3.1-pro-preview", 2, 12, 0.2, None),
        ("deepseek-anthropic", "deepseek-v4-pro", 1.32, 3.96, 0.044, None),
        ("xai", "grok-4-0709", 3, 15, 0.75, None),
        ("groq", "openai/gpt-oss-20b", 0.075, 0.3, 0.0375, None),
        ("minimax", "MiniMax-M2", 0.3, 1.2, 0.03, 0.375),
    ],
)
def test_prices(
    kind: str, model: str, input: float, output: float, cache_read: float | None, cache_write: float | None
) -> None:
    found = price(kind, model)
    assert found is not None
    assert (found.input, found.output, found.cache_read, found.cache_write) == (input, output, cache_read, cache_write)


@pytest.mark.parametrize(
    ("kind", "model"),
    [
        # one's own servers: not free, but unknown
        *((kind, "gpt-oss-120b") for kind in ("ollama", "vllm", "lmstudio", "llamacpp", "ollama-anthropic")),
        ("openai-chat", "gpt-5"),
        ("openrouter", "openai/gpt-5"),
        ("nobody", "gpt-5"),
        # models that came later
        ("openai", "gpt-5.9"),
        ("openai", "gpt-7"),
        ("openai", "my-finetune"),
        ("anthropic", "claude-opus-4-9"),
        ("anthropic", "claude-opus-5-6"),
        ("anthropic", "claude-sonnet-5-7-20270101"),
        ("anthropic", "claude-fable-6"),
        ("gemini", "gemini-3.9-pro"),
        ("moonshot", "kimi-k3.1-pro"),
        ("deepseek", ""),
        # what is charged in other units
        ("openai", "gpt-4o-audio-preview"),
        ("gemini", "gemini-2.5-flash-image"),
        ("gemini", "gemini-2.5-flash-preview-tts"),
        ("perplexity", "sonar-deep-research"),
    ],
)
def test_what_is_not_known(kind: str, model: str) -> None:
    assert price(kind, model) is None
    assert cost(price(kind, model), 1_000_000, 1_000_000) is None


@pytest.mark.parametrize(
    ("tokens", "dollars"),
    [
        ((1_000_000, 0), 4.0),
        ((0, 1_000_000), 20.0),
        ((10, 10), 0.00024),
        ((0, 0, 1_000_000, 0), 1.0),
        ((0, 0, 0, 1_000_000), 5.0),
        ((100, 10, 1000, 10_000), 0.0516),
    ],
)
def test_cost(tokens: tuple[int, ...], dollars: float) -> None:
    assert cost(Price(input=4, output=20, cache_read=1, cache_write=5), *tokens) == pytest.approx(dollars)


def test_what_is_cached_costs_as_much_as_the_rest_where_nothing_else_is_said() -> None:
    assert cost(Price(input=4, output=20), 0, 0, 1_000_000, 1_000_000) == pytest.approx(8)


TIERED = Price(1, 10, 0.1, None, 100, Price(2, 20, 0.2, None, 1000, Price(3, 30)))


@pytest.mark.parametrize(
    ("tokens", "millionths"),
    [
        ((100, 1), 110),
        ((101, 1), 222),
        ((50, 0, 50, 0), 55),
        ((50, 0, 40, 11), 130),  # the whole prompt counts, and beyond it everything costs more
        ((1000, 0), 2000),
        ((1001, 1), 3033),
    ],
)
def test_long_prompts(tokens: tuple[int, ...], millionths: int) -> None:
    assert cost(TIERED, *tokens) == pytest.approx(millionths / 1_000_000)


@pytest.mark.parametrize(("table", "place", "row"), ROWS, ids=[f"{name}-{row['example']}" for name, _, row in ROWS])
def test_every_row_is_reached_by_its_example(table: str, place: int, row: dict[str, Any]) -> None:
    name = row["example"].lower()
    first = next(at for at, other in enumerate(PRICES["tables"][table]["rows"]) if re.search(other["models"], name))
    assert first == place
    for kind, tables in PRICES["kinds"].items():
        if table in tables:
            found = price(kind, row["example"])
            assert found is not None
            assert found.input == row["price"]["input"]


@pytest.mark.parametrize(("table", "place", "row"), ROWS, ids=[f"{name}-{row['example']}" for name, _, row in ROWS])
def test_every_price_is_plausible(table: str, place: int, row: dict[str, Any]) -> None:
    tier = row["price"]
    above = 0
    while True:
        assert 0 <= tier["input"] <= tier["output"] <= 1000
        assert tier.get("cache_read", 0) <= min(tier["input"], tier.get("cache_write", tier["input"]))
        assert set(tier) <= {"input", "output", "cache_read", "cache_write", "above", "beyond"}
        assert ("above" in tier) == ("beyond" in tier)
        if "above" not in tier:
            break
        assert above < tier["above"]
        above = tier["above"]
        assert tier["input"] <= tier["beyond"]["input"]
        assert set(tier["beyond"]) >= set(tier) - {"above", "beyond"}
        tier = tier["beyond"]


def test_the_file_says_what_it_is() -> None:
    date.fromisoformat(PRICES["checked"])
    assert (PRICES["currency"], PRICES["tokens"]) == ("USD", 1_000_000)
    assert all(table["source"].startswith("https://") for table in PRICES["tables"].values())


def test_tables_and_kinds_belong_together() -> None:
    assert set(PRICES["kinds"]) <= set(PRESETS)
    assert {name for tables in PRICES["kinds"].values() for name in tables} == set(PRICES["tables"])


def test_prices_cannot_be_changed() -> None:
    found = price("openai", "gpt-5")
    with pytest.raises(AttributeError):
        found.input = 0  # type: ignore[misc, union-attr]


def test_the_file_is_part_of_the_package() -> None:
    project = tomllib.loads((FILE.parents[2] / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["ccproxy.presets"]
    assert any(FILE.match(pattern) for pattern in patterns)
