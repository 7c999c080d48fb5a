"""docs/settings.md against the program."""

import re
from pathlib import Path

import pytest

from ccproxy.presets import PRESETS
from ccproxy.settings import _SETTINGS, LOCAL_NETWORKS, load
from ccproxy.settings.config_file import ConfigSchema
from ccproxy.settings.routes import SCENARIOS
from ccproxy.web.offers import offered_routes

PAGE = (Path(__file__).parents[1] / "docs" / "settings.md").read_text(encoding="utf-8")
TABLE = dict(re.findall(r"^\| `(CCPROXY_\w+)` \|\s*`?(\w*)`?\s*\|", PAGE, re.MULTILINE))


def test_every_setting_is_in_the_table():
    expected = {f"CCPROXY_{name.upper()}": name for name in _SETTINGS} | {"CCPROXY_CONFIG": ""}
    assert expected == TABLE


def test_every_key_of_the_file_is_on_the_page():
    for key in ConfigSchema().fields:
        assert f"| `{key}` |" in PAGE, key


@pytest.mark.parametrize("row", re.findall(r"^\| `(CCPROXY_\w+)` \| `\w+` \| `([^`]+)` \|", PAGE, re.MULTILINE))
def test_the_defaults_are_those_of_the_program(row):
    variable, default = row
    assert load({variable: default}) == load({})


def test_the_default_networks():
    assert all(f"`{network}`" in PAGE for network in LOCAL_NETWORKS)


def test_the_example_loads(tmp_path):
    example = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1]
    path = tmp_path / "config.json"
    path.write_text(example, encoding="utf-8")
    settings = load({"CCPROXY_CONFIG": str(path), "TEAM_KEY": "k", "GROQ_API_KEY": "g"})
    assert [provider["name"] for provider in settings.providers] == ["groq", "box"]
    offered = {route["name"]: route for route in offered_routes(settings)}
    assert {name: route["targets"][0].provider for name, route in offered.items()} == {
        "default": "groq",
        "longContext": "box",
        "claude-haiku-4-5": "box",
    }


def test_the_example_of_the_full_form_loads(tmp_path):
    [example] = re.findall(r"```json\n(\{\n  \"routes\": \[.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "config.json"
    path.write_text(example, encoding="utf-8")
    [route] = offered_routes(load({"CCPROXY_CONFIG": str(path)}))
    assert (route["name"], len(route["targets"])) == ("work", 2)


def test_every_well_known_route_is_on_the_page():
    for key in SCENARIOS:
        assert f"`{key}`" in PAGE, key


def test_every_well_known_key_is_on_the_page():
    rows = {name: re.findall(r"`(\w+)`", keys) for name, keys in re.findall(r"^\| `([\w-]+)` \| (`.*) \|$", PAGE, re.M)}
    known = {name: list(preset.key_env) for name, preset in PRESETS.items() if preset.key_env}
    assert {name: rows.get(name) for name in known} == known
