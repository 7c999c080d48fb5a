"""Keys in bodies: what goes, what stays, and that JSON stays JSON."""

from __future__ import annotations

import json
import random

import pytest

from ccproxy.translate import masking
from ccproxy.translate.masking import masked, masked_stream

CLIENT = "ccp_" + "8eYaprxqZ2" * 5
PROVIDER = "sk-provider-0123456789abcdef"
KEYS = [
    CLIENT,
    PROVIDER,
    "sk-" + "abcdefghijklm" * 2,
    "gsk_" + "a1B2" * 8,
    "AIza" + "b" * 35,
    "ya29.a0ARrdaM-abcdef",
    "AKIA" + "A1" * 8,
    "ghp_" + "c0" * 18,
    "github_pat_" + "11AB_" + "d0" * 20,
    "hf_" + "e5" * 17,
    "tgp_v1_" + "f6" * 20,
    "sk_live_" + "4eC39Hq" * 4,
    "npm_" + "a1B2" * 9,
    "GOCSPX-" + "a1B2c3D4" * 3,
    "xoxb-123456789012-abcdefABCDEF1234",
    ".".join(["eyJ" + "d" * 20, "eyJ" + "e" * 20, "f" * 20]),
]
TEXTS = [
    "{}",
    "a {} b",
    "my key:\n{}\n",
    "\t{}",
    "é{}",
    "\u2028{}",
    "({})",
    "'{}'",
    '"{}"',
    "{},{}",
    '{{"k": "\\n{}"}}',
]


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("key", KEYS, ids=lambda key: key[:6])
def test_what_looks_like_a_key_goes_and_json_stays(key: str, text: str, ascii_only: bool) -> None:
    count = text.count("{}")
    said = text.format(*[key] * count)
    body = json.dumps({"a": [{"text": said}], "n": 1}, ensure_ascii=ascii_only).encode()
    without = masked(body)
    assert key.encode() not in without
    found = json.loads(without)
    assert found["n"] == 1
    assert found["a"][0]["text"] == text.format(*["[redacted]"] * count)


@pytest.mark.parametrize(
    "text",
    [
        "task-0123456789abcdef",
        "sk-learn and sk-short-1",
        "eyJub3Q",
        "pk_request_logs",
        "the api key is secret, the password too",
        "class=sk-circle",
        "ccp_ and ccp_8eYaprxq",
        "x = token: int; access_token = None",
        "BEARER of news",
        "authorization: none of version2",
        "the primary key: customer1234, a foreign key=customer1234, a key-signature=abc",
        "token=abc1234567 in prose, https://example.com:8443/a1234567 and mailto:a@b",
        "-----BEGIN PUBLIC KEY-----\nMIIB1\n-----END PUBLIC KEY-----",
        '{"type": "thinking", "signature": "EqRkAb1234567"}',
        "iVBORw0KGgo/AIzaSyD" + "a1B2" * 20,
        "boxoxb-123456789012-abcdefABCDEF1234",
    ],
)
def test_what_is_no_key_stays(text: str) -> None:
    body = json.dumps({"text": text}).encode()
    assert masked(body) == body


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": "Authorization: Bearer abc1234567"}, {"a": "Authorization: Bearer [redacted]"}),
        ({"a": "x-api-key: abc1234567"}, {"a": "x-api-key: [redacted]"}),
        ({"a": "API_KEY='abc1234567'"}, {"a": "API_KEY='[redacted]'"}),
        ({"a": '{"client_secret": "abc1234567"}'}, {"a": '{"client_secret": "[redacted]"}'}),
        ({"a": "PASSWORD=hunter22!"}, {"a": "PASSWORD=[redacted]!"}),
        ({"password": "hunter22"}, {"password": "[redacted]"}),
        ({"access_token": "abc1234567"}, {"access_token": "[redacted]"}),
        ({"password": 12345678}, {"password": 12345678}),
        ({"api_key": None, "secret": {"type": "string1"}}, {"api_key": None, "secret": {"type": "string1"}}),
        ({"a": "?api_key=abc1234567\nnext"}, {"a": "?api_key=[redacted]\nnext"}),
        ({"a": "AWS_SECRET_ACCESS_KEY=wJalr/UtnFEMI/K7MD+G"}, {"a": "AWS_SECRET_ACCESS_KEY=[redacted]"}),
        ({"a": "SECRET_KEY = 'django-1abc2def'"}, {"a": "SECRET_KEY = '[redacted]'"}),
        ({"a": "Authorization: Basic dXNlcjpwYXNzd29yZDE=\nHost"}, {"a": "Authorization: Basic [redacted]\nHost"}),
        ({"a": '{"Authorization": "token abc1234567"}'}, {"a": '{"Authorization": "token [redacted]"}'}),
        ({"Authorization": "Basic dXNlcjpwYXNzd29yZDE="}, {"Authorization": "Basic [redacted]"}),
        ({"a": "//registry/:_authToken=abc1234567"}, {"a": "//registry/:_authToken=[redacted]"}),
        ({"refresh_token": "abc1234567"}, {"refresh_token": "[redacted]"}),
        ({"a": "http://x/?token=abc1234567&b=1"}, {"a": "http://x/?token=[redacted]&b=1"}),
        ({"a": "http://x/?a=1&key=abc1234567"}, {"a": "http://x/?a=1&key=[redacted]"}),
        (
            {"a": "http://x/?sig=abc1234567&X-Amz-Signature=f00df00d1"},
            {"a": "http://x/?sig=[redacted]&X-Amz-Signature=[redacted]"},
        ),
        ({"a": "postgres://bob:hunter2pass@db/x"}, {"a": "postgres://bob:[redacted]@db/x"}),
        ({"a": "redis://:hunter2pass@db"}, {"a": "redis://:[redacted]@db"}),
        ({"a": 'say "secret=abc1234567"'}, {"a": 'say "secret=[redacted]"'}),
    ],
)
def test_by_what_stands_before_it(before: dict[str, object], after: dict[str, object]) -> None:
    assert json.loads(masked(json.dumps(before).encode())) == after


NAME = "RSA PRIVATE KEY"
PEM = f"""-----BEGIN {NAME}-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,7F1A

MIIEowIBAAKCAQEAyvu3+/abcd1234==
-----END {NAME}-----"""


@pytest.mark.parametrize("pem", [PEM, PEM.replace("RSA ", ""), PEM[:-30], json.dumps(PEM)[1:-1]])
def test_a_private_key_goes_with_all_its_lines(pem: str) -> None:
    body = json.dumps({"private_key": pem, "a": f"x\n{pem}\n- y"}).encode()
    found = json.loads(masked(body))
    assert found["private_key"] == "[redacted]"
    assert found["a"].startswith("x\n[redacted]")
    assert "y" in found["a"] or pem == PEM[:-30], "where it has no end, what could belong to it goes too"
    assert b"MIIE" not in masked(body)


def test_what_is_known_goes_wherever_it_stands() -> None:
    secrets = ['pass"word\\1', "sésame-ouvre", "tiny", "part-of", "part-of-more"]
    body = json.dumps({"a": [f"x{one}y" for one in secrets]}, ensure_ascii=False).encode()
    found = json.loads(masked(body, secrets))["a"]
    assert found == ["x[redacted]y", "x[redacted]y", "xtinyy", "x[redacted]y", "x[redacted]y"], (
        "four letters are a word"
    )


def test_keys_are_found_wherever_a_step_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_STEP", 16)
    for fill in range(40):
        assert masked(b" " * fill + CLIENT.encode() + b" Bearer abc1234567") == b" " * fill + (
            b"[redacted] Bearer [redacted]"
        )


@pytest.mark.parametrize("beginning", [b"sk-", b"gsk_", b"-eyJ", b"xoxb-", b"secret=", b"?key="])
def test_a_body_of_nothing_but_beginnings_takes_no_longer_than_another(beginning: bytes) -> None:
    """Whoever may send bodies could keep a worker at it for hours: then this test runs into its timeout."""
    assert masked(beginning * 60_000 + b"\n" + PROVIDER.encode()).endswith(b"\n[redacted]")


def test_broken_bytes_are_masked_too() -> None:
    assert masked(b"\xff\xfe" + PROVIDER.encode() + b"\x80{") == b"\xff\xfe[redacted]\x80{"


def frames(name: str, kind: str, parts: list[str], index: int = 0) -> bytes:
    return b"".join(
        b"event: content_block_delta\ndata: "
        + json.dumps({"type": "content_block_delta", "index": index, "delta": {"type": kind, name: part}}).encode()
        + b"\n\n"
        for part in parts
    )


def texts(stream: bytes, name: str) -> list[str]:
    return [json.loads(line[6:])["delta"][name] for line in stream.split(b"\n") if line.startswith(b"data: {")]


@pytest.mark.parametrize(
    ("name", "kind"), [("text", "text_delta"), ("thinking", "thinking_delta"), ("partial_json", "input_json_delta")]
)
def test_a_key_that_came_in_parts(name: str, kind: str) -> None:
    chance = random.Random(1)
    text = f"your key is {CLIENT}, keep it"
    for _ in range(20):
        cuts = sorted(chance.sample(range(1, len(text)), 5))
        parts = [text[start:end] for start, end in zip([0, *cuts], [*cuts, None], strict=True)]
        without = masked_stream(frames(name, kind, parts))
        assert texts(without, name) == ["your key is [redacted], keep it", "", "", "", "", ""]


def test_blocks_are_told_apart_and_a_stream_without_keys_stays_as_it_is() -> None:
    half = len(PROVIDER) // 2
    clean = frames("text", "text_delta", ["a", " b"], 0) + b': note\n\nevent: ping\ndata: {"type":"ping"}\n\n'
    mixed = clean + frames("text", "text_delta", [PROVIDER[:half]], 1) + frames("text", "text_delta", ["c"], 2)
    assert masked_stream(mixed) == mixed
    both = mixed + frames("text", "text_delta", [PROVIDER[half:]], 1)
    assert masked_stream(both).startswith(clean)
    assert texts(masked_stream(both).replace(b'data: {"type":"ping"}', b""), "text") == [
        *("a", " b", "[redacted]", "c", ""),
    ]


def test_a_stream_that_was_cut_off_or_is_none() -> None:
    stream = b'data: {"delta": {"text": 1}}\ndata: {"delta": 5}\ndata: ["delta"]\ndata: {"delta": {"text": "' + (
        PROVIDER.encode()
    )
    assert masked_stream(stream) == stream.replace(PROVIDER.encode(), b"[redacted]")
