"""Takes keys out of bodies that are to be kept: requests, answers and recorded streams, as bytes in and bytes out.

JSON stays JSON: what is taken out lies inside one of its strings, and never across two. Which keys are known is the
caller's to say; all others are found by what keys look like, or by what stands before them. `translate.redact` does the
same for messages of a line or two, and may take out more there, because nobody sends them again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Struct

from ccproxy.translate.redact import MASK

_MASK = MASK.encode()
_STEP = 256 * 1024
"""Bytes that are searched in one go: while one is searched no other thread runs."""
_SHORTEST = 6

_WORD = rb"[A-Za-z0-9_\-]"
_INNER = rb"[A-Za-z0-9_\-.~+/=]"
# Bounded and without going back, or a body of nothing but beginnings of keys would take hours
_DIGIT = rb"(?=[A-Za-z_\-.~+/=]{0,64}+[0-9])"
_REST = rb"%s(?=(?:[A-Za-z0-9]{0,15}+[_\-]){0,8}+[A-Za-z0-9]{16})%s+" % (_DIGIT, _WORD)
# By what they begin with. Each is looked for as plain bytes, which is a hundred times faster than all in one pattern
_KEYS = {
    b"sk-": rb"(?:%s%s{12,}|%s{24,})" % (_DIGIT, _INNER, _WORD),
    b"ccp_": rb"[A-Za-z0-9]{9,}",
    b"AIza": rb"%s{35}(?!%s)" % (_WORD, _WORD),  # no more and no less, or images in base64 would have some
    b"ya29.": rb"%s{10,}" % _INNER,
    b"AKIA": rb"[A-Z0-9]{12,}",
    b"ASIA": rb"[A-Z0-9]{12,}",
    b"eyJ": rb"%s{8,1000}+\.%s{8,}(?:\.%s+)?" % (_WORD, _WORD, _WORD),
    b"gsk_": _REST,
    b"rk_": _REST,
    b"pk_": _REST,
    b"xai-": _REST,
    b"csk-": _REST,
    b"tgp_v1_": _REST,
    b"fw_": _REST,
    b"nvapi-": _REST,
    b"hf_": _REST,
    b"r8_": _REST,
    b"pplx-": _REST,
    b"ghp_": _REST,
    b"gho_": _REST,
    b"ghs_": _REST,
    b"ghu_": _REST,
    b"glpat-": _REST,
    b"github_pat_": _REST,
    b"sk_live_": _REST,
    b"sk_test_": _REST,
    b"npm_": _REST,
    b"GOCSPX-": _REST,
    b"xox": rb"[abeoprs]-%s%s{10,}" % (_DIGIT, _WORD),
    # Its lines end as in text, or as JSON writes that, or JSON inside of JSON
    b"-----BEGIN ": (
        rb"[A-Z0-9 ]{0,40}PRIVATE KEY-----(?:[A-Za-z0-9+/=:,. \t\r\n]|\\+[nrt]|-(?!-))*(?:-----END [A-Z0-9 ]*-----)?"
    ),
}
# A key begins behind nothing that could be its own, or behind a character that JSON writes with letters
_EDGE = re.compile(rb"(?<![A-Za-z0-9])|(?<=\\[nrtbf])|(?<=\\u[0-9A-Fa-f]{4})")
# Where the name ends with a quote, a JSON member's, its value must begin with one: a mask is no number
_IS = rb"(?:[ \t]*[:=][ \t]*(?:\\*[\"'`])?|\\*[\"'][ \t]*[:=][ \t]*\\*[\"'`])"
_VALUE = rb"(%s%s{6,})" % (_DIGIT, _INNER)
_OF_KEYS = (b"apikey", b"api[_ -]key", b"secret[_ -]key", b"access[_ -]key", b"[?&]key")
_OF_TOKENS = (
    *(b"accesstoken", b"authtoken", b"[?&]token"),
    *(b"access[_ -]token", b"auth[_ -]token", b"refresh[_ -]token"),
)


def _ending(*names: bytes) -> bytes:
    """Behind one of these names."""
    return rb"(?:%s)" % b"|".join(rb"(?<=%s)" % name for name in names)


# By what stands before them, in small letters
_NAMES = {
    b"bearer": rb"[ \t]+",
    b"authorization": _IS + rb"[A-Za-z]+[ \t]+",
    b"key": _ending(*_OF_KEYS) + _IS,
    b"secret": _IS,
    b"password": _IS,
    b"passwd": _IS,
    b"token": _ending(*_OF_TOKENS) + _IS,
    b"signature": rb"(?<=[?&-]signature)=",
    b"sig": rb"(?<=[?&]sig)=",
    b"://": rb"[A-Za-z0-9_.~%+-]*:(?=[^\s/@\"'\\]+@)",  # whose name and password stand in a URL
}
_AFTER = {mark: re.compile(rest) for mark, rest in _KEYS.items()}
_BEHIND = {mark: re.compile(rest + _VALUE, re.IGNORECASE) for mark, rest in _NAMES.items()}


class _Delta(Struct, frozen=True, gc=False):
    text: str | None = None
    thinking: str | None = None
    partial_json: str | None = None


class _Event(Struct, frozen=True, gc=False):
    delta: _Delta = _Delta()
    index: int = 0


_deltas = msgspec.json.Decoder(_Event)


def masked(body: bytes, secrets: Iterable[str] = ()) -> bytes:
    """`body` with a mask in place of each of `secrets` and of all that looks like a key.

    >>> masked(b'{"text": "my key:\\\\nsk-test-0123456789abcdef"}')
    b'{"text": "my key:\\\\n[redacted]"}'
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            for written in {secret.encode(), msgspec.json.encode(str(secret))[1:-1]}:
                body = body.replace(written, _MASK)
    spans = sorted((*_keys(body), *_named(body)))
    if not spans:
        return body
    kept: list[bytes] = []
    end = 0
    for start, behind in spans:
        if start >= end:
            kept += (body[end:start], _MASK)
        end = max(end, behind)
    return b"".join((*kept, body[end:]))


def _keys(body: bytes) -> Iterator[tuple[int, int]]:
    for mark, pattern in _AFTER.items():
        end = 0
        for start in _places(body, mark):
            found = pattern.match(body, start + len(mark)) if start >= end and _EDGE.match(body, start) else None
            if found:
                end = found.end()
                yield start, end


def _named(body: bytes) -> Iterator[tuple[int, int]]:
    small = body.lower()
    for mark, pattern in _BEHIND.items():
        end = 0
        for start in _places(small, mark):
            found = pattern.match(body, start + len(mark)) if start >= end else None
            if found:
                end = found.end()
                yield found.span(1)


def _places(body: bytes, mark: bytes) -> Iterator[int]:
    """Where `mark` begins in the body."""
    for step in range(0, len(body), _STEP):
        start, end = step, step + _STEP + len(mark) - 1
        while (start := body.find(mark, start, end)) >= 0:
            yield start
            start += 1


def masked_stream(stream: bytes, secrets: Iterable[str] = ()) -> bytes:
    """A recorded event stream without keys, those too that came in parts.

    A block that holds one has its whole text in its first delta, and nothing in the others.
    """
    secrets = tuple(secrets)
    lines = stream.split(b"\n")
    for (_, name), (places, texts) in _blocks(lines).items():
        whole = "".join(texts).encode()
        without = masked(whole, secrets)
        if without == whole:
            continue
        text = without.decode()
        for place in places:
            document = msgspec.json.decode(lines[place][5:])
            document["delta"][name], text = text, ""
            lines[place] = b"data: " + msgspec.json.encode(document)
    return masked(b"\n".join(lines), secrets)


def _blocks(lines: list[bytes]) -> dict[tuple[int, str], tuple[list[int], list[str]]]:
    """The texts that come in deltas, by their block and kind: the places of their lines, and their parts."""
    found: dict[tuple[int, str], tuple[list[int], list[str]]] = {}
    for place, line in enumerate(lines):
        if not line.startswith(b"data:") or b"delta" not in line:
            continue
        try:
            event = _deltas.decode(line[5:])
        except (ValueError, RecursionError):
            continue  # a stream's end where it was cut off, or no delta of text
        for name in _Delta.__struct_fields__:
            part = getattr(event.delta, name)
            if part is not None:
                places, texts = found.setdefault((event.index, name), ([], []))
                places.append(place)
                texts.append(part)
    return found
