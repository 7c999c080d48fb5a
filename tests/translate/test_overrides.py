from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
from msgspec import UNSET, Raw

from ccproxy.errors import InvalidRequest
from ccproxy.translate.overrides import applied, check
from ccproxy.translate.parse import Parsed, parse

HI = '"messages":[{"role":"user","content":"hi"}]'
CLEAR: dict[str, Any] = {"type": "clear_thinking_20251015", "keep": "all"}
CLEAR_USES: dict[str, Any] = {"type": "clear_tool_uses_20250919"}


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"temperature": 0, "top_p": 1, "top_k": 1, "max_tokens": 1, "effort": "low", "thinking": "off"},
        {"temperature": 2.0, "top_p": 0.5, "effort": "max"},
        {"thinking": {"type": "enabled", "budget_tokens": 1024}},
        {"thinking": {"type": "adaptive"}},
        {"thinking": {"type": "between_tools"}},
        {"thinking": {"type": "disabled"}},
    ],
)
def test_parameters_that_are_some(parameters: dict[str, Any]) -> None:
    check(parameters)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"temprature": 1},
            "temprature: no such parameter; there are temperature, top_p, top_k, max_tokens, effort, thinking",
        ),
        ({"temperature": 2.5}, "temperature: expected a number from 0 to 2, got 2.5"),
        ({"temperature": "0"}, "temperature: expected a number from 0 to 2, got '0'"),
        ({"temperature": float("nan")}, "temperature: expected a number from 0 to 2, got nan"),
        ({"top_p": True}, "top_p: expected a number from 0 to 1, got True"),
        ({"top_k": 0}, "top_k: expected an integer of at least 1, got 0"),
        ({"top_k": 1.0}, "top_k: expected an integer of at least 1, got 1.0"),
        ({"max_tokens": True}, "max_tokens: expected an integer of at least 1, got True"),
        ({"max_tokens": None}, "max_tokens: expected an integer of at least 1, got None"),
        ({"effort": "none"}, "effort: expected one of low, medium, high, xhigh, max, got 'none'"),
        ({"effort": ["low"]}, "effort: expected one of low, medium, high, xhigh, max, got ['low']"),
        (
            {"thinking": "on"},
            'thinking: expected "off" or an object, {"type": "enabled", "budget_tokens": N} or a type alone, '
            "got 'on'",
        ),
        (
            {"thinking": {"budget_tokens": 2000}},
            "thinking.type: expected one of enabled, adaptive, between_tools, disabled, got None",
        ),
        (
            {"thinking": {"type": "enabled"}},
            "thinking.budget_tokens: expected an integer of at least 1024, got None",
        ),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 1023}},
            "thinking.budget_tokens: expected an integer of at least 1024, got 1023",
        ),
        (
            {"thinking": {"type": "adaptive", "budget_tokens": 2000}},
            "thinking.budget_tokens: no such field for adaptive; there are type",
        ),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 2000, "display": "omitted"}},
            "thinking.display: no such field for enabled; there are type, budget_tokens",
        ),
    ],
)
def test_parameters_that_are_none(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check(parameters)


@pytest.mark.parametrize(
    ("rest", "parameters", "changed"),
    [
        # what is there is replaced, where it stands; what is not comes first
        ('"temperature": 1 ,"max_tokens":5', {"temperature": 0.5}, '"temperature": 0.5 ,"max_tokens":5'),
        ('"max_tokens":5', {"temperature": 0}, '"max_tokens":5|"temperature":0'),
        ('"max_tokens":5', {"top_p": 0.9, "top_k": 3}, '"max_tokens":5|"top_p":0.9,"top_k":3'),
        # of doubled names the last counts, so all get the value
        ('"top_k":1,"max_tokens":5,"top_k":2', {"top_k": 9}, '"top_k":9,"max_tokens":5,"top_k":9'),
        # max_tokens is a cap
        ('"max_tokens":500', {"max_tokens": 200}, '"max_tokens":200'),
        # effort, beside what is in the member too
        ('"max_tokens":5', {"effort": "low"}, '"max_tokens":5|"output_config":{"effort":"low"}'),
        (
            '"max_tokens":5,"output_config": { "effort" : "max" ,"format":null}',
            {"effort": "low"},
            '"max_tokens":5,"output_config": { "effort" : "low" ,"format":null}',
        ),
        (
            '"max_tokens":5,"output_config":{"format":null}',
            {"effort": "xhigh"},
            '"max_tokens":5,"output_config":{"effort":"xhigh","format":null}',
        ),
        ('"max_tokens":5,"output_config":null', {"effort": "low"}, '"max_tokens":5,"output_config":{"effort":"low"}'),
        # without thinking the highest efforts are refused
        (
            '"max_tokens":5,"output_config":{"effort":"max"}',
            {"thinking": "off"},
            '"max_tokens":5,"output_config":{"effort":"high"}|"thinking":{"type":"disabled"}',
        ),
        (
            '"max_tokens":5,"output_config":{"effort":"medium"}',
            {"thinking": {"type": "between_tools"}},
            '"max_tokens":5,"output_config":{"effort":"medium"}|"thinking":{"type":"between_tools"}',
        ),
        (
            '"max_tokens":5,"thinking":{"type":"disabled"}',
            {"effort": "xhigh"},
            '"max_tokens":5,"thinking":{"type":"disabled"}|"output_config":{"effort":"high"}',
        ),
        (
            '"max_tokens":5,"thinking":{"type":"disabled"},"output_config":{"effort":"max"}',
            {"top_k": 5},
            '"max_tokens":5,"thinking":{"type":"disabled"},"output_config":{"effort":"max"}|"top_k":5',
        ),
        # thinking; the client's wish to see it stays
        ('"max_tokens":5', {"thinking": "off"}, '"max_tokens":5|"thinking":{"type":"disabled"}'),
        (
            '"max_tokens":5,"thinking":{"type":"adaptive","display":"omitted"}',
            {"thinking": {"type": "disabled"}},
            '"max_tokens":5,"thinking":{"type":"disabled"}',
        ),
        (
            '"max_tokens":9000,"thinking":{"type":"adaptive","display":"omitted"}',
            {"thinking": {"type": "enabled", "budget_tokens": 4000}},
            '"max_tokens":9000,"thinking":{"type":"enabled","budget_tokens":4000,"display":"omitted"}',
        ),
        (
            '"max_tokens":5,"thinking":{"type":"enabled","budget_tokens":2000}',
            {"thinking": {"type": "adaptive"}},
            '"max_tokens":5,"thinking":{"type":"adaptive"}',
        ),
        # a budget stays below max_tokens, whichever of them the parameters say
        (
            '"max_tokens":3000',
            {"thinking": {"type": "enabled", "budget_tokens": 4000}},
            '"max_tokens":3000|"thinking":{"type":"enabled","budget_tokens":1500}',
        ),
        (
            '"max_tokens":1500',
            {"thinking": {"type": "enabled", "budget_tokens": 4000}},
            '"max_tokens":1500|"thinking":{"type":"enabled","budget_tokens":1024}',
        ),
        (
            '"max_tokens":1024',
            {"thinking": {"type": "enabled", "budget_tokens": 4000}},
            '"max_tokens":1024|"thinking":{"type":"disabled"}',
        ),
        (
            '"max_tokens":32000,"thinking":{"type":"enabled","budget_tokens":31999}',
            {"max_tokens": 8000},
            '"max_tokens":8000,"thinking":{"type":"enabled","budget_tokens":4000}',
        ),
        (
            '"max_tokens":32000,"thinking":{"type":"enabled","budget_tokens":31999}',
            {"max_tokens": 500},
            '"max_tokens":500,"thinking":{"type":"disabled"}',
        ),
        (
            '"max_tokens":32000,"thinking":{"type":"enabled","budget_tokens":2000}',
            {"max_tokens": 8000},
            '"max_tokens":8000,"thinking":{"type":"enabled","budget_tokens":2000}',
        ),
        # what was larger already is so on purpose (interleaved thinking)
        (
            '"max_tokens":5000,"thinking":{"type":"enabled","budget_tokens":6000}',
            {"max_tokens": 4000},
            '"max_tokens":4000,"thinking":{"type":"enabled","budget_tokens":6000}',
        ),
        # without thinking there is none to be cleared
        (
            f'"max_tokens":5,"context_management":{{"edits":[{json.dumps(CLEAR)}]}},"stream":true',
            {"thinking": "off"},
            '"max_tokens":5,"stream":true|"thinking":{"type":"disabled"}',
        ),
        (
            f'"max_tokens":5,"context_management":{{"edits":[{json.dumps(CLEAR)},{json.dumps(CLEAR_USES)}]}}',
            {"thinking": "off"},
            '"max_tokens":5,"context_management":{"edits":[{"type":"clear_tool_uses_20250919"}]}'
            '|"thinking":{"type":"disabled"}',
        ),
        (
            f'"max_tokens":5,"context_management":{{"edits":[{json.dumps(CLEAR)}],"more":1}}',
            {"thinking": "off"},
            '"max_tokens":5,"context_management":{"edits":[],"more":1}|"thinking":{"type":"disabled"}',
        ),
        *(
            (
                f'"max_tokens":5,"context_management":{odd}',
                {"thinking": "off"},
                f'"max_tokens":5,"context_management":{odd}|"thinking":{{"type":"disabled"}}',
            )
            for odd in ("null", "[]", '{"edits":null}', '{ "edits":[1,{"type":"compact"}]}')
        ),
    ],
)
def test_a_request_with_parameters(rest: str, parameters: dict[str, Any], changed: str) -> None:
    check(parameters)
    body = f'{{"model":"m",{HI} , {rest}}}'.encode()
    parsed = parse(body)
    before = Parsed(parse(body).request, body=body)
    have = applied(parsed, parameters)
    kept, _, new = changed.partition("|")
    assert have.body.decode() == "{" + (f"{new}," if new else "") + f'"model":"m",{HI} , {kept}}}'
    # both forms say the same
    assert json.loads(_encoded(have)) == json.loads(_encoded(parse(have.body)))
    # and the client's own is still there, for another target
    assert parsed == before


@pytest.mark.parametrize(
    "parameters",
    [{}, {"max_tokens": 500}, {"max_tokens": 501, "temperature": 0.5}, {"effort": "low"}, {"thinking": "off"}],
)
def test_nothing_to_change_is_the_same_object(parameters: dict[str, Any]) -> None:
    rest = '"temperature":0.5,"output_config":{"effort":"low"},"thinking":{"type":"disabled"}'
    parsed = parse(f'{{"model":"m",{HI},"max_tokens":500,{rest}}}'.encode())
    assert applied(parsed, parameters) is parsed


def test_a_count_has_no_max_tokens_to_cap() -> None:
    parsed = parse(f'{{"model":"m",{HI}}}'.encode(), counting=True)
    assert applied(parsed, {"max_tokens": 5}) is parsed
    thought = applied(parsed, {"thinking": {"type": "enabled", "budget_tokens": 4000}, "max_tokens": 5})
    assert thought.body.decode() == f'{{"thinking":{{"type":"enabled","budget_tokens":4000}},"model":"m",{HI}}}'


def test_an_effort_counts_from_the_first_message_to_the_last() -> None:
    body = (
        b'{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"the \\"output_config\\""},'
        b'{"role":"system","content":"x", "output_config" : {"effort":"medium"}},'
        b'{"role":"user","content":"hi","output_config":{"else":1}},'
        b'{"role":"user","content":"hi","output_config":null}]}'
    )
    parsed = parse(body)
    have = applied(parsed, {"effort": "low"})
    assert have.body == b'{"output_config":{"effort":"low"},' + body[1:].replace(b"medium", b"low")
    assert [message.output_config for message in have.request.messages] == [
        UNSET,
        Raw(b'{"effort":"low"}'),
        Raw(b'{"else":1}'),
        Raw(b"null"),
    ]
    assert have.request.output_config is not None
    assert have.request.output_config.effort == "low"
    assert parsed.request.output_config is None


def test_an_effort_that_needs_thinking_is_lowered_in_messages_too() -> None:
    body = (
        b'{"model":"m","max_tokens":5,"output_config":{"effort":"low"},"messages":['
        b'{"role":"system","content":"x","output_config":{"effort":"max"}},'
        b'{"role":"user","content":"x","output_config":{"effort":"low"}}]}'
    )
    have = applied(parse(body), {"thinking": "off"})
    assert have.body == b'{"thinking":{"type":"disabled"},' + body[1:].replace(b'max"', b'high"')
    assert [message.output_config for message in have.request.messages] == [
        Raw(b'{"effort":"high"}'),
        Raw(b'{"effort":"low"}'),
    ]


def test_what_is_unknown_here_stays() -> None:
    body = f'{{"model":"m",{HI},"max_tokens":5,"brand_new":{{"a":1.50}} }}'.encode()
    have = applied(parse(body), {"max_tokens": 3})
    assert have.body == body.replace(b'"max_tokens":5', b'"max_tokens":3')
    assert have.unknown == ("brand_new",)


def test_a_body_that_is_no_object() -> None:
    parsed = Parsed(parse(f'{{"model":"m",{HI},"max_tokens":5}}'.encode()).request, body=b"[]")
    with pytest.raises(InvalidRequest, match="body: no JSON object"):
        applied(parsed, {"temperature": 0})


def _encoded(parsed: Parsed) -> bytes:
    """The typed request as JSON; it has to be what the bytes say."""
    return msgspec.json.encode(parsed.request)
