from __future__ import annotations

from typing import Any

import pytest
from anthropic.types import ModelCapabilities

from ccproxy.translate.dialect import Dialect
from ccproxy.translate.listing.claims import Claims, claimed, known, modalities, shown

YES, NO = {"supported": True}, {"supported": False}


@pytest.mark.parametrize(
    ("entry", "claims"),
    [
        ({}, {}),
        # OpenRouter
        (
            {
                "architecture": {"input_modalities": ["image", "text", "file"], "output_modalities": ["text"]},
                "supported_parameters": ["reasoning", "structured_outputs"],
                "reasoning": {"supported_efforts": ["xhigh", "medium", "low"]},
            },
            {
                "images": True,
                "documents": True,
                "schemas": True,
                "thinking": True,
                "efforts": ("low", "medium", "xhigh"),
            },
        ),
        (
            {"architecture": {"input_modalities": ["text"]}, "supported_parameters": ["tools"], "reasoning": None},
            {"images": False, "schemas": False, "thinking": False},
        ),
        ({"reasoning": {"supported_efforts": None}}, {}),
        # Groq and xAI, Bedrock, GitHub
        ({"input_modalities": ["text", "image"]}, {"images": True}),
        ({"inputModalities": ["TEXT", "IMAGE"]}, {"images": True}),
        ({"supported_input_modalities": ["text"]}, {"images": False}),
        # Mistral
        ({"capabilities": {"vision": True, "reasoning": False}}, {"images": True, "thinking": False}),
        # Venice
        (
            {"model_spec": {"capabilities": {"supportsVision": False, "supportsResponseSchema": True,
                                             "supportsReasoning": True}}},
            {"images": False, "schemas": True, "thinking": True},
        ),
        # Gemini
        ({"thinking": True}, {"thinking": True}),
        # Cohere
        (
            {"supports_vision": True, "features": ["json_schema", "reasoning"]},
            {"images": True, "schemas": True, "thinking": True},
        ),
        ({"features": ["tools"]}, {"schemas": False, "thinking": False}),
        # Nonsense
        (
            {"architecture": 5, "input_modalities": "image", "capabilities": ["x"], "model_spec": 1, "features": None,
             "thinking": "yes", "reasoning": "high", "supported_parameters": [1]},
            {},
        ),
    ],
)  # fmt: skip
def test_what_a_list_says(entry: dict[str, Any], claims: dict[str, Any]) -> None:
    assert claimed(entry) == Claims(**claims)


@pytest.mark.parametrize("believed", [True, False])
def test_what_a_dialect_rules_out_is_a_fact(believed: bool) -> None:
    dialect = Dialect(images="none", pdf="none", json_schema=False, thinks_by_default=False)
    claims = known(dialect, relays=False, believed=believed)
    assert (claims.images, claims.documents, claims.schemas, claims.thinking) == (False, False, False, False)
    assert (claims.efforts, claims.web_search, claims.code_execution, claims.batch) == ((), False, False, False)


@pytest.mark.parametrize(
    ("flags", "claims"),
    [
        ({}, {"images": True, "documents": False, "schemas": True}),
        ({"thinking": "effort", "efforts": ("minimal", "low", "high")}, {"thinking": True, "efforts": ("low", "high")}),
        ({"thinking": "type"}, {"thinking": True, "efforts": None}),
        ({"thinks_by_default": True}, {"thinking": True, "efforts": None}),
        ({"thinks_by_default": None}, {"thinking": None, "efforts": None}),
        ({"pdf": "file", "web_search": "x", "code_execution": True}, {"documents": True, "web_search": True,
                                                                       "code_execution": True}),
    ],
)  # fmt: skip
def test_what_a_dialect_knows(flags: dict[str, Any], claims: dict[str, Any]) -> None:
    found = known(Dialect(**flags), relays=False, believed=True)
    assert {name: getattr(found, name) for name in claims} == claims


def test_what_is_only_guessed_is_not_told() -> None:
    dialect = Dialect(pdf="file", thinking="effort", efforts=("low",))
    claims = known(dialect, relays=False, believed=False)
    assert (claims.images, claims.documents, claims.schemas, claims.thinking, claims.efforts) == (None,) * 5


@pytest.mark.parametrize("batches", [True, False])
def test_of_what_is_relayed_little_is_known(batches: bool) -> None:
    assert known(Dialect(batches=batches), relays=True, believed=True) == Claims(batch=batches)


def test_nothing_known_is_nothing_told() -> None:
    assert shown(Claims(), Claims()) == {}


@pytest.mark.parametrize(
    ("listed", "dialect", "expected"),
    [(True, True, YES), (False, True, NO), (True, False, NO), (None, True, YES), (None, False, NO), (True, None, YES)],
)
def test_both_have_to_agree(listed: bool | None, dialect: bool | None, expected: Any) -> None:
    assert shown(Claims(images=listed), Claims(images=dialect)) == {"image_input": expected}


@pytest.mark.parametrize(
    ("listed", "dialect", "thinking", "effort"),
    [
        (Claims(), Claims(thinking=True), YES, None),
        (Claims(thinking=False), Claims(thinking=True, efforts=("low",)), NO, []),
        (Claims(thinking=True), Claims(thinking=False, efforts=()), YES, []),
        (Claims(), Claims(thinking=True, efforts=("low", "max")), YES, ["low", "max"]),
        (Claims(thinking=True, efforts=("high",)), Claims(efforts=("low",)), YES, ["high"]),
    ],
)
def test_thinking(listed: Claims, dialect: Claims, thinking: Any, effort: list[str] | None) -> None:
    found = shown(listed, dialect)
    types = {"enabled": thinking, "adaptive": thinking, "disabled": YES}
    assert found["thinking"] == {**thinking, "types": types}
    if effort is None:
        assert "effort" not in found
    else:
        levels = {level: {"supported": level in effort} for level in ("low", "medium", "high", "xhigh", "max")}
        assert found["effort"] == {"supported": bool(effort), **levels}


def test_the_sdk_reads_it() -> None:
    whole = Claims(
        images=True,
        documents=False,
        schemas=True,
        thinking=True,
        efforts=("low",),
        web_search=True,
        code_execution=False,
        batch=False,
    )
    found = ModelCapabilities.construct(**shown(Claims(), whole))
    assert found.server_tools.supported
    assert found.server_tools.web_search.supported
    assert not found.server_tools.code_execution.supported
    assert found.effort.low.supported
    assert found.structured_outputs.supported


def test_modalities() -> None:
    assert modalities({"output_modalities": ["Text", 5]}, "output") == {"text"}
    assert modalities({"output_modalities": []}, "output") == set()
    assert modalities({"architecture": {}, "output_modalities": ["a"]}, "output") == {"a"}
