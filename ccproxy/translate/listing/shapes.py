"""Where the models are in a provider's answer, and how to ask for the rest of them.

Shapes of recorded traffic and provider docs: `{"data": [...]}` (nearly all), a bare array (Together, GitHub),
`{"models": [...]}` (Gemini, Cohere, xAI's language models, Ollama's own API), `{"publisherModels": [...]}` (Vertex AI),
and Bedrock's two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ccproxy.errors import BadAnswer
from ccproxy.translate.listing import bedrock

_LISTS = ("data", "models", "publisherModels", bedrock.FOUNDATION, bedrock.PROFILES)
# The field that tells of a further page -> the parameter that asks for it: Gemini and Vertex AI, Cohere, Bedrock
_FURTHER = {"nextPageToken": "pageToken", "next_page_token": "page_token", "nextToken": "nextToken"}


def parsed(body: bytes) -> Any:
    """The answer's JSON, which has a list of models. Raises BadAnswer."""
    try:
        answer = msgspec.json.decode(body)
    except (ValueError, RecursionError) as error:
        raise BadAnswer(f"the list of models is not JSON: {error}") from None
    if _list(answer) is None:
        raise BadAnswer("the list of models is no list")
    return answer


def following(answer: Any) -> dict[str, str]:
    """The query for the page after this one; empty where it is the last."""
    if not isinstance(answer, dict):
        return {}
    for field, parameter in _FURTHER.items():
        token = answer.get(field)
        if isinstance(token, str) and token:
            return {parameter: token}
    last = answer.get("last_id")  # the Messages API
    return {"after_id": last} if answer.get("has_more") is True and isinstance(last, str) and last else {}


def entries(answers: Sequence[Any]) -> list[dict[str, Any]]:
    """The models in all of a provider's answers, in their order, one object each."""
    found = [
        (answer, [entry if isinstance(entry, dict) else {"id": entry} for entry in _list(answer) or []])
        for answer in answers
    ]
    if any(bedrock.is_list(answer) for answer in answers):
        return bedrock.merged(found)
    return [entry for _, listed in found for entry in listed]


def _list(answer: Any) -> list[Any] | None:
    if isinstance(answer, dict):
        answer = next((answer[key] for key in _LISTS if answer.get(key) is not None), None)
    return answer if isinstance(answer, list) else None
