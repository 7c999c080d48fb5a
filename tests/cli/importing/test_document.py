"""The file that is imported: JSON with liberties, or YAML."""

import io
from pathlib import Path

import pytest

from ccproxy.cli.importing.document import read
from ccproxy.errors import InvalidRequest

ON_DATES = {"a": "2024-02-01", "b": "2024-02-01 10:00:00", "c": "2026-99-99", "2024-02-01": "d"}


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("4: a\nb: {null: c, 1.5: [{7: d}]}", {"4": "a", "b": {"None": "c", "1.5": [{"7": "d"}]}}),
        ('{"a": 1}', {"a": 1}),
        ('\ufeff{"a": 1}', {"a": 1}),
        ('{\n// one\n"a": "http://x//y", /* two\n lines */ "b": [1, 2,],\n}', {"a": "http://x//y", "b": [1, 2]}),
        ('// first\n{"a": ",}", "b": "/* no */"}', {"a": ",}", "b": "/* no */"}),
        ('/* first */ {"a": "\\"//"}', {"a": '"//'}),
        # What else of JSON5 people write: names without quotes, texts in single ones
        (
            "{\n// it's\nProviders: [{name:'g', url: 'http://x//y', $k_1 : 'a \\'b\\' \"c\" \\n', e: ''},], /* ' */\n}",
            {"Providers": [{"name": "g", "url": "http://x//y", "$k_1": "a 'b' \"c\" \n", "e": ""}]},
        ),
        ('{a: "it\'s {b: 1,}", true: [1, 2,]}', {"a": "it's {b: 1,}", "true": [1, 2]}),
        ("a: 1\nb: [x, y]  # said\n", {"a": 1, "b": ["x", "y"]}),
        ("# first\nversion: 2024-10-21x\n", {"version": "2024-10-21x"}),
        # A date is a text, as in JSON
        ("a: 2024-02-01\nb: 2024-02-01 10:00:00\nc: 2026-99-99\n2024-02-01: d", ON_DATES),
    ],
)
def test_what_is_read(tmp_path, text, document):
    file = tmp_path / "config"
    file.write_text(text, encoding="utf-8")
    assert read(file) == document


def test_it_may_come_from_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO('{"a": 1}'))
    assert read(Path("-")) == {"a": 1}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'{"a" 1}', "not JSON: Expecting ':' delimiter at line 1 column 6"),
        (b'{\n// note, "x\n"a": }', "not JSON: Expecting value at line 3 column 6"),
        (b"{a: 1,\nb: +1}", "not JSON: Expecting value at line 2 column 6"),
        (b"a: [1\nb: 2", "not YAML: expected ',' or ']', but got ':' at line 2 column 2"),
        (b"a: !!python/object:os.system x", "not YAML: could not determine a constructor for the tag"),
        (b"a: \x07", "neither JSON nor YAML"),
        (b"a: !!binary aGk=", "not YAML: could not determine a constructor for the tag"),
        (b"a: !!set {b}", "not YAML: could not determine a constructor for the tag"),
        (b"\xff\xfe", "is not text in UTF-8"),
        (b"[1]", "must be an object of settings"),
        (b"", "must be an object of settings"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(tmp_path, data, why):
    file = tmp_path / "config"
    file.write_bytes(data)
    with pytest.raises(InvalidRequest) as caught:
        read(file)
    assert caught.value.message.startswith(f"{file}: {why}")


@pytest.mark.parametrize(("name", "why"), [("gone", "No such file or directory"), (".", "Is a directory")])
def test_files_that_are_none(tmp_path, name, why):
    with pytest.raises(InvalidRequest, match=why):
        read(tmp_path / name)
