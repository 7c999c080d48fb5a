"""`/presets`: what the form for a provider is told of each type."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ccproxy.presets import PRESETS, WIRES
from ccproxy.web import presets
from tests.web.conftest import KEY, Site
from tests.web.test_errors import assert_error


@pytest.fixture
def shown(make_site: Callable[..., Site]) -> dict[str, dict[str, object]]:
    site = make_site(prepare=lambda app: app.register_blueprint(presets.blueprint))
    listed = site.get("/presets").get_json()
    assert [one["name"] for one in listed] == [*PRESETS, *WIRES]
    return {one["name"]: one for one in listed}


def test_it_is_for_administrators(make_site: Callable[..., Site]) -> None:
    site = make_site(apikey=KEY, prepare=lambda app: app.register_blueprint(presets.blueprint))
    assert_error(site.get("/presets"), 401, "authentication_error")
    assert site.get("/presets", headers={"x-api-key": KEY}).status_code == 200


@pytest.mark.parametrize(
    ("name", "address", "key", "required"),
    [
        ("groq", "https://api.groq.com/openai/v1", "required", []),
        ("ollama", "http://localhost:11434/v1", "optional", []),
        ("openai-chat", None, "optional", []),
        ("azure", None, "required", []),
        ("vertex", PRESETS["vertex"].base_url, "optional", ["project"]),
    ],
)
def test_what_a_type_needs(
    shown: dict[str, dict[str, object]], name: str, address: str | None, key: str, required: list[str]
) -> None:
    assert shown[name]["api_base_url"] == address
    assert shown[name]["key"] == key
    assert shown[name]["required"] == required
    assert shown[name]["about"]


def test_options_come_with_what_they_mean(shown: dict[str, dict[str, object]]) -> None:
    options = {option["name"]: option for option in shown["groq"]["options"]}  # type: ignore[attr-defined]
    assert options["images"]["choices"] == ["none", "data", "any"]
    assert options["context_window"]["type"] == "integer"
    assert options["api"]["choices"] == ["chat", "responses"]
    assert all(option["meaning"] for option in options.values())


def test_every_option_that_is_required_is_one(shown: dict[str, dict[str, object]]) -> None:
    for one in shown.values():
        known = {option["name"] for option in one["options"]}  # type: ignore[attr-defined]
        assert set(one["required"]) <= known  # type: ignore[call-overload]
