from __future__ import annotations

from typing import Any

import pytest

from ccproxy.presets import template

BEDROCK = "https://bedrock-runtime.{region}.amazonaws.com"
VERTEX = "https://{location}-aiplatform.googleapis.com/v1/projects/{project}/locations/{location}"


@pytest.mark.parametrize(
    ("url", "names"),
    [(BEDROCK, ("region",)), (VERTEX, ("location", "project")), ("https://api.openai.com/v1", ()), ("", ())],
)
def test_holes(url: str, names: tuple[str, ...]) -> None:
    assert template.holes(url) == names


@pytest.mark.parametrize(
    ("url", "options", "filled"),
    [
        (BEDROCK, {"region": "us-gov-west-1"}, "https://bedrock-runtime.us-gov-west-1.amazonaws.com"),
        (
            VERTEX,
            {"location": "us-central1", "project": "team-1", "other": 3},
            "https://us-central1-aiplatform.googleapis.com/v1/projects/team-1/locations/us-central1",
        ),
        (
            VERTEX,
            {"location": "x", "project": "example.com:team_1"},
            "https://x-aiplatform.googleapis.com/v1/projects/example.com:team_1/locations/x",
        ),
        ("https://api.openai.com/v1", {}, "https://api.openai.com/v1"),
        ("/v1/projects/{project}", {"project": "1234"}, "/v1/projects/1234"),
    ],
)
def test_fill(url: str, options: dict[str, Any], filled: str) -> None:
    assert template.fill(url, options) == filled


@pytest.mark.parametrize(
    "value",
    [
        *("", "Us-east-1", "us.east", "us/east", "evil.test/", "evil.test#", "a@b", "a:80", "-a", "a-", "a" * 64),
        *("us-east-1\n", "ü", "{project}", "a b", "a%2f", "a\\b", 1, ["us-east-1"], True),
    ],
)
def test_what_cannot_be_a_part_of_a_host(value: Any) -> None:
    for url in (BEDROCK.replace("region", "location"), VERTEX):
        with pytest.raises(ValueError, match=r"^options\.location: must be lower-case"):
            template.fill(url, {"location": value, "project": "p"})


@pytest.mark.parametrize(
    "value", ["", "a/b", "..", ".", "a?b", "a#b", "a%2fb", "a b", "a\n", "ü", "{location}", "-a", "a" * 129, 1]
)
def test_what_cannot_be_a_segment_of_a_path(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^options\.project: must be letters"):
        template.fill(VERTEX, {"location": "x", "project": value})


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match=r"^options\.project: is required"):
        template.fill(VERTEX, {"location": "x"})
    template.check(VERTEX, {"location": "x"})  # which is no fault before the URL is needed
