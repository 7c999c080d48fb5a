"""Secrets in others' texts."""

from __future__ import annotations

import pytest

from ccproxy.translate.redact import MASK, redact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # providers' own words
        (
            "Incorrect API key provided: sk-abc***xyz. You can find your API key at https://platform.openai.com/keys.",
            f"Incorrect API key provided: {MASK}. You can find your API key at https://platform.openai.com/keys.",
        ),
        ("Incorrect API key provided: invalid-*****2345. You", f"Incorrect API key provided: {MASK}. You"),
        ("Incorrect API key provided: sk-fake-key. You", f"Incorrect API key provided: {MASK}. You"),
        (
            "Authentication Fails, Your api key: ****-key is invalid",
            f"Authentication Fails, Your api key: {MASK} is invalid",
        ),
        ("Incorrect API key provided: xa***4f. You can obtain", f"Incorrect API key provided: {MASK}. You can obtain"),
        # by prefix
        ("sk-proj-AbC_123-xyz and sk-ant-api03-aaaa-BB", f"{MASK} and {MASK}"),
        ("key gsk_a1b2c3d4e5f6", f"key {MASK}"),
        ("xai-AbCdEf123456789", MASK),
        ("(nvapi-abc-123_def)", f"({MASK})"),
        ("hf_abcdefgh1234", MASK),
        ("AIzaSyA-1234567890abcdef", MASK),
        ("AKIA" + "IOSFODNN7EXAMPLE", MASK),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-def", MASK),
        # by what stands before
        ("Authorization: Bearer abc.def123, sent", f"Authorization: Bearer {MASK}, sent"),
        ("bearer abcdefghijklmnopqrstuvwxyz", f"bearer {MASK}"),
        ("Authorization: Basic dXNlcjpwYXNz123=", f"Authorization: Basic {MASK}"),
        ("https://x.test/v1?key=abc&alt=sse", f"https://x.test/v1?key={MASK}&alt=sse"),
        ("https://x.test/v1?a=b&api_key=s3cret 404", f"https://x.test/v1?a=b&api_key={MASK} 404"),
        ('{"api_key": "0123abcd"}', f'{{"api_key": "{MASK}"}}'),
        ("x-api-key: 0123abcd", f"x-api-key: {MASK}"),
        ("password=hunter2!", f"password={MASK}!"),
    ],
)
def test_masks(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Invalid API key provided. Ensure your API key is correct and active.",
        "Missing Bearer token in the Authorization header; use Bearer authentication.",
        "Basic authentication is not supported",
        "The API key is required",
        "API key not valid. Please pass a valid API key.",
        "The model `gpt-4.1-nano` does not exist; try xai-org or task-force-9",
        "Rate limit reached for requests per min (RPM): Limit 3, Used 3. Try again in 20s.",
        "max_tokens: 128000 > 8192, which is the maximum allowed number of output tokens for gpt-4o",
    ],
)
def test_leaves_prose_alone(text: str) -> None:
    assert redact(text) == text


def test_known_secrets_go_whatever_they_look_like() -> None:
    assert redact("it was hunter and hunter-two", ["hunter", "hunter-two"]) == f"it was {MASK} and {MASK}"


def test_a_secret_too_short_to_tell_from_words_stays() -> None:
    assert redact("a key of abc", ["abc", ""]) == "a key of abc"


@pytest.mark.parametrize("mark", ["", "…"])
def test_a_text_that_was_cut_in_the_middle_of_a_secret_shows_no_part_of_it(mark: str) -> None:
    secret = "Zq8mWn3rTy5uVx7aBc9d"
    for length in range(6, len(secret)):
        assert redact(f"it was {secret[:length]}{mark}", [secret]) == f"it was {MASK}"
    assert redact(f"it was Zq8{mark}", [secret]) == f"it was Zq8{mark}"
