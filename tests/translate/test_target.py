from __future__ import annotations

from ccproxy.translate.dialect import Dialect
from ccproxy.translate.target import Target

TARGET = Target(
    provider="box",
    kind="openai-chat",
    wire="openai-chat",
    model="org/model-x",
    base_url="http://127.0.0.1:8000/v1",
    dialect=Dialect(),
    headers={"Authorization": "Bearer the-key"},
    options={"token": "the-option"},
    secrets=("the-key",),
    seal_keys=(b"the-seal",),
)


def test_the_label_is_what_answers_carry() -> None:
    assert TARGET.label == "box/org/model-x"


def test_no_secret_is_in_its_repr() -> None:
    assert repr(TARGET) == "Target(box/org/model-x, wire=openai-chat, base_url=http://127.0.0.1:8000/v1)"
    assert "the-" not in f"{TARGET} {[TARGET]}"
