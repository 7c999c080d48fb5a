"""Limits of length in the words of many providers, and in Anthropic's."""
# ruff: noqa: E501  the providers' own sentences stay whole, so that they can be searched for

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.translate.refusals import decode_error


def refused(status: int, body: Any, headers: dict[str, str] | None = None, **options: Any) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return decode_error(status, headers or {}, data, **options)


SHARED = "input length and `max_tokens` exceed context limit: {} + {} > {}, decrease input length or `max_tokens` and try again"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        # the prompt alone
        (
            "This model's maximum context length is 128000 tokens. However, your messages resulted in 130001 tokens "
            "(125001 in the messages, 5000 in the functions). Please reduce the length of the messages or functions.",
            "prompt is too long: 130001 tokens > 128000 maximum",
        ),
        (
            "This model's maximum context length is 4096 tokens. However, your request has 5000 input tokens. Please reduce",
            "prompt is too long: 5000 tokens > 4096 maximum",
        ),
        (
            "This model's maximum prompt length is 131072 but the request contains 150000 tokens.",
            "prompt is too long: 150000 tokens > 131072 maximum",
        ),
        (
            "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
            "prompt is too long: 40000 tokens > 32768 maximum",
        ),
        (
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
            "prompt is too long: 1200000 tokens > 1048576 maximum",
        ),
        (
            "The prompt is too long: 140000, model maximum context length: 131071",
            "prompt is too long: 140000 tokens > 131071 maximum",
        ),
        (
            "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
            "prompt is too long: 5000 tokens > 4096 maximum",
        ),
        (
            "request (9000 tokens) exceeds the available context size (4096 tokens), try increasing it",
            "prompt is too long: 9000 tokens > 4096 maximum",
        ),
        (
            "Invalid request: Your request exceeded model token limit: 131072 (requested: 140000)",
            "prompt is too long: 140000 tokens > 131072 maximum",
        ),
        (
            "Please reduce the length of the messages or completion. Current length is 9000 while limit is 8192",
            "prompt is too long: 9000 tokens > 8192 maximum",
        ),
        (
            "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context "
            "length of only 4096 tokens, which is not enough.",
            "prompt is too long: 5000 tokens > 4096 maximum",
        ),
        (
            "Input validation error: `inputs` must have less than 4096 tokens. Given: 5000",
            "prompt is too long: 5000 tokens > 4096 maximum",
        ),
        ("prompt is too long: 210000 tokens > 200000 maximum", "prompt is too long: 210000 tokens > 200000 maximum"),
        (
            "This model's maximum context length is 4,096 tokens. However, you requested 5,010 tokens "
            "(5,000 in the messages, 10 in the completion).",
            "prompt is too long: 5000 tokens > 4096 maximum",
        ),
        # a number is missing: nothing is made up
        (
            "prompt too long; exceeded max context length by 4 tokens",
            "prompt is too long: prompt too long; exceeded max context length by 4 tokens",
        ),
        (
            "The total length of all messages is too long.",
            "prompt is too long: The total length of all messages is too long.",
        ),
        (
            "Range of input length should be [1, 98304]",
            "prompt is too long: Range of input length should be [1, 98304]",
        ),
        (
            "Your input exceeds the context window of this model. Please adjust your input and try again.",
            "prompt is too long: Your input exceeds the context window of this model. Please adjust your input and try again.",
        ),
        # the prompt and max_tokens together
        (
            "This model's maximum context length is 4096 tokens. However, you requested 4196 tokens (100 in the messages, "
            "4096 in the completion). Please reduce the length of the messages or completion.",
            SHARED.format(100, 4096, 4096),
        ),
        (
            "This endpoint's maximum context length is 262144 tokens. However, you requested about 300000 tokens "
            "(200000 of text input, 5000 of tool input, 95000 in the output).",
            SHARED.format(200000, 95000, 262144),
        ),
        (
            "'max_tokens' or 'max_completion_tokens' is too large: 5000. This model's maximum context length is 4096 tokens "
            "and your request has 100 input tokens (5000 > 4096 - 100).",
            SHARED.format(100, 5000, 4096),
        ),
        (
            "You passed 4001 input tokens and requested 100 output tokens. However, the model's context length is only 4096 "
            "tokens",
            SHARED.format(4001, 100, 4096),
        ),
        (
            "Requested token count exceeds the model's maximum context length of 4096 tokens. You requested a total of 5000 "
            "tokens: 1000 tokens from the input messages and 4000 tokens for the completion.",
            SHARED.format(1000, 4000, 4096),
        ),
        (
            "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097. Given: 4050 `inputs` tokens and "
            "100 `max_new_tokens`",
            SHARED.format(4050, 100, 4097),
        ),
        (SHARED.format(1, 2, 3), SHARED.format(1, 2, 3)),
        (f"The model returned the following errors: {SHARED.format(1, 2, 3)}", SHARED.format(1, 2, 3)),
        (
            "The model returned the following errors: prompt is too long: 200049 tokens > 200000 maximum",
            "prompt is too long: 200049 tokens > 200000 maximum",
        ),
        (
            "Input is too long for requested model.",
            "prompt is too long: Input is too long for requested model.",
        ),
        (
            "Input Tokens Exceeded: Number of input tokens exceeds maximum length.",
            "prompt is too long: Input Tokens Exceeded: Number of input tokens exceeds maximum length.",
        ),
    ],
)
def test_an_overflow_is_said_in_anthropics_words(message: str, expected: str) -> None:
    error = refused(400, {"error": {"message": message}})
    assert error.message == expected
    assert (error.status, error.type) == (400, "invalid_request_error")


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (400, {"message": "too big", "code": "context_length_exceeded"}, "prompt is too long: too big"),
        (
            400,
            {"message": "no", "type": "exceed_context_size_error", "n_prompt_tokens": 9000, "n_ctx": 4096},
            "prompt is too long: 9000 tokens > 4096 maximum",
        ),
        (
            500,
            {"message": "no", "type": "exceed_context_size_error", "n_prompt_tokens": 9000, "n_ctx": 4096},
            "prompt is too long: 9000 tokens > 4096 maximum",
        ),
        (
            413,
            {
                "message": "Request body too large for gpt-4o-mini model. Max size: 8000 tokens.",
                "code": "tokens_limit_reached",
            },
            "prompt is too long: Request body too large for gpt-4o-mini model. Max size: 8000 tokens.",
        ),
    ],
)
def test_an_overflow_is_also_known_by_its_code(status: int, error: Any, expected: str) -> None:
    found = refused(status, {"error": error})
    assert (found.message, found.status) == (expected, 400)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (413, "Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 9000, please reduce"),
        (429, "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 40000."),
        (429, "Prompt is too long for now"),
        (400, "Requests with max_tokens > 4096 must have stream=true"),
        (400, "max_tokens must be positive"),
        (400, "Unsupported parameter: 'max_tokens' is not supported with this model."),
        (402, "You requested up to 64000 tokens, but can only afford 1234. Use fewer max_tokens."),
        (401, "input is too long"),
    ],
)
def test_what_only_looks_like_a_limit_keeps_its_words(status: int, message: str) -> None:
    error = refused(status, {"error": {"message": message}})
    assert (error.message, error.status) == (message, status)


WORDS = "max_tokens: {} > {}, which is the maximum allowed number of output tokens for {}"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "max_tokens is too large: 128000. This model supports at most 16384 completion tokens, whereas you provided 128000.",
            WORDS.format(128000, 16384, "some-model"),
        ),
        (
            "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]",
            WORDS.format(99999, 8192, "some-model"),
        ),
        ("Range of max_tokens should be [1, 8192]", WORDS.format(99999, 8192, "some-model")),
        (
            "`max_tokens` must be less than or equal to `32768`, the maximum value for `max_tokens` is less than the `context_window`",
            WORDS.format(99999, 32768, "some-model"),
        ),
        (
            "it has a maxOutputTokens value of 128000 but the supported range is from 1 (inclusive) to 8193 (exclusive).",
            WORDS.format(128000, 8192, "some-model"),
        ),
        ("body.max_tokens: Input should be less than or equal to 4096", WORDS.format(99999, 4096, "some-model")),
        (
            "The maximum tokens you requested exceeds the model limit of 4096. Try again with a maximum tokens value that is lower",
            WORDS.format(99999, 4096, "some-model"),
        ),
        (
            "Invalid 'max_output_tokens': integer above maximum value. Expected a value <= 16384, but got 99999 instead.",
            WORDS.format(99999, 16384, "some-model"),
        ),
        (
            "The parameter `max_completion_tokens` specified in the request are not valid: integer above maximum value, "
            "expected a value <= 12288, but got 99999 instead.",
            WORDS.format(99999, 12288, "some-model"),
        ),
        (WORDS.format(128000, 8192, "claude-x"), WORDS.format(128000, 8192, "some-model")),
    ],
)
def test_an_output_limit_is_said_in_anthropics_words(message: str, expected: str) -> None:
    assert refused(400, {"error": {"message": message}}, model="some-model", max_tokens=99999).message == expected


def test_an_output_limit_without_what_was_asked_keeps_its_words() -> None:
    message = "Range of max_tokens should be [1, 8192]"
    assert refused(400, {"error": {"message": message}}).message == message
    assert refused(400, {"error": {"message": message}}, max_tokens=5).message == message
    assert refused(422, {"error": {"message": message}}, max_tokens=9000).message == WORDS.format(
        9000, 8192, "this model"
    )


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "echo",
    [
        "1," * 100_000,
        "12 tokens however you requested (12 " * 3_000,
        "(1 tokens) maximum " * 5_000,
        "maximum " * 10_000,
    ],
    ids=lambda echo: echo[:20],
)
def test_a_message_that_repeats_the_request_is_read_in_no_time(echo: str) -> None:
    message = f"The maximum context length is exceeded by max_tokens and {echo}"
    assert refused(400, {"error": {"message": message}}, max_tokens=5).message.startswith("prompt is too long: The ")


def test_a_comma_is_no_number() -> None:
    message = "prompt too long: , tokens > , maximum"
    assert refused(400, {"error": {"message": message}}).message == f"prompt is too long: {message}"
