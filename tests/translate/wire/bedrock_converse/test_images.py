"""Images, and those that a model is not given."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.errors import Uncarriable
from tests.translate.wire.bedrock_converse.requests import CLAUDE, GPT_OSS, PNG, losses, messages, request, user


def picture(**source: str) -> dict[str, Any]:
    return {"type": "image", "source": source}


@pytest.mark.parametrize(("media_type", "form"), [(f"image/{name}", name) for name in ("png", "jpeg", "gif", "webp")])
def test_an_image(media_type: str, form: str) -> None:
    image = picture(type="base64", media_type=media_type, data="aGk=")
    sent = messages(request([user(image)]))
    assert sent == [{"role": "user", "content": [{"image": {"format": form, "source": {"bytes": "aGk="}}}]}]


@pytest.mark.parametrize(
    ("model", "image", "words"),
    [
        (GPT_OSS, PNG, r"messages\.0\.content\.0: .* takes no images"),
        (CLAUDE, picture(type="base64", media_type="image/bmp", data="aGk="), r"source\.media_type: .* image/bmp"),
        (CLAUDE, picture(type="url", url="https://example.com/a.png"), r"messages\.0\.content\.0: .*not by URL"),
        (CLAUDE, picture(type="file", file_id="file_1"), r"messages\.0\.content\.0: files of the Files API"),
    ],
)
def test_what_cannot_be_carried(model: str, image: dict[str, Any], words: str) -> None:
    with pytest.raises(Uncarriable, match=words):
        messages(request([user(image)]), model)


def test_transformations_are_lost() -> None:
    assert losses(request([user({**PNG, "transformations": [1]})])) == ["messages[0].content[0].transformations"]
