"""Bedrock's lists as its documentation describes them."""

from __future__ import annotations

from typing import Any

from ccproxy.translate.listing import read
from ccproxy.translate.listing.bedrock import is_list
from ccproxy.translate.listing.shapes import entries

ARN = "arn:aws:bedrock:us-east-1::foundation-model/"


def model(id: str, kinds: Any = ("ON_DEMAND",), inputs: tuple[str, ...] = ("TEXT",), **more: Any) -> dict[str, Any]:
    return {
        "modelId": id,
        "modelName": id.title(),
        "inputModalities": list(inputs),
        "outputModalities": ["TEXT"],
        "inferenceTypesSupported": list(kinds) if kinds is not None else None,
        "modelLifecycle": {"status": "ACTIVE"},
        **more,
    }


def profile(id: str, *names: str, **more: Any) -> dict[str, Any]:
    return {
        "inferenceProfileId": id,
        "inferenceProfileArn": f"arn:aws:bedrock:us-east-1:1:inference-profile/{id}",
        "inferenceProfileName": id.upper(),
        "models": [{"modelArn": ARN + name} for name in names],
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
        "createdAt": "2026-02-01T00:00:00Z",
        **more,
    }


FOUNDATION = {
    "modelSummaries": [
        model("amazon.nova-lite-v1:0", inputs=("TEXT", "IMAGE")),
        model("old.model", modelLifecycle={"status": "LEGACY"}),
        model("anthropic.claude-x", kinds=("INFERENCE_PROFILE",), inputs=("TEXT", "IMAGE")),
        model("unclear", kinds=None),
    ]
}
PROFILES = {
    "inferenceProfileSummaries": [
        profile("us.anthropic.claude-x", "elsewhere", "anthropic.claude-x"),
        profile("us.stability.image", "stability.image"),
        profile("us.gone", "anthropic.claude-x", status="INACTIVE"),
        profile("mine", "anthropic.claude-x", type="APPLICATION"),
        profile("odd", models=[None, {"modelArn": 5}]),
        profile("odder", models="none"),
    ]
}


def test_models_and_the_profiles_that_lead_to_them() -> None:
    listed = read([FOUNDATION, PROFILES], "aws")
    assert [one.name for one in listed] == [
        "amazon.nova-lite-v1:0",
        "old.model",
        "unclear",
        "us.anthropic.claude-x",
        "arn:aws:bedrock:us-east-1:1:inference-profile/mine",
    ]
    nova, old, _, claude, mine = listed
    assert (nova.model.display_name, nova.model.lifecycle, nova.claims.images) == (
        "Amazon.Nova-Lite-V1:0",
        "active",
        True,
    )
    assert (old.model.lifecycle, old.claims.images) == ("deprecated", False)
    assert (claude.model.display_name, claude.claims.images) == ("US.ANTHROPIC.CLAUDE-X", True)
    assert claude.model.created_at == "2026-02-01T00:00:00Z"
    assert mine.claims.images is True


def test_profiles_alone_are_taken_as_they_are() -> None:
    names = [entry["id"] for entry in entries([PROFILES])]
    assert names[:2] == ["us.anthropic.claude-x", "us.stability.image"]
    assert len(names) == 5


def test_models_alone() -> None:
    assert [entry["id"] for entry in entries([FOUNDATION])] == ["amazon.nova-lite-v1:0", "old.model", "unclear"]


def test_is_list() -> None:
    assert is_list(FOUNDATION)
    assert is_list(PROFILES)
    assert not is_list({"data": []})
    assert not is_list([])
