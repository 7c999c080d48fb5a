"""Where claude-code-router's transformers ask at Vertex AI, and as whom."""

import json

import pytest

from ccproxy.cli.importing.carried import Carried
from ccproxy.cli.importing.vertex import fields
from tests.cli.importing.checks import KEY, lines
from tests.cli.importing.test_google import ACCOUNT

NAMED = {"GOOGLE_CLOUD_PROJECT": "p-1"}
PROXYS = (
    "carried otherwise: p: asks with the account of the proxy's machine, as GOOGLE_APPLICATION_CREDENTIALS is not set"
)


@pytest.mark.parametrize(
    ("options", "url", "environ", "project", "location"),
    [
        ({}, "", NAMED, "p-1", "us-central1"),
        ({}, "https://europe-west1-aiplatform.googleapis.com", NAMED, "p-1", "europe-west1"),
        ({}, "https://aiplatform.googleapis.com/v1", NAMED, "p-1", "global"),
        ({}, "https://aiplatform.eu.rep.googleapis.com", NAMED, "p-1", "eu"),
        ({}, "", {**NAMED, "GOOGLE_CLOUD_LOCATION": "asia-east1"}, "p-1", "asia-east1"),
        # What the file says goes before the environment, and the options before the address
        ({}, "https://aiplatform.googleapis.com/v1/projects/p-2/locations/us", NAMED, "p-2", "us"),
        ({}, "https://us-east5-aiplatform.googleapis.com/v1/projects/p-2", NAMED, "p-2", "us-east5"),
        (
            {"projectId": "p-3", "region": "us-west1"},
            "https://aiplatform.googleapis.com/v1/projects/p-2/locations/us",
            {},
            "p-3",
            "us-west1",
        ),
        ({"project_id": 3, "location": ""}, "", NAMED, "p-1", "us-central1"),
    ],
)
def test_project_and_location(options, url, environ, project, location):
    carried = Carried()
    made = fields("vertex-gemini", options, url, environ, "p", carried)
    assert made == {"type": "vertex", "options": {"project": project, "location": location}}
    assert lines(carried) == [f"{PROXYS} here"]


def test_claude_is_elsewhere_by_default():
    made = fields("vertex-claude", {}, "", NAMED, "p", Carried())
    assert made["options"]["location"] == "us-east5"


@pytest.mark.parametrize(
    ("transformer", "url", "base_url"),
    [
        ("vertex-claude", "https://gw.example/v/", "https://gw.example/v/v1/projects/p-1/locations/us-east5"),
        ("vertex-gemini", "https://gw.example", "https://gw.example/v1beta1/projects/p-1/locations/us-central1"),
        ("vertex-gemini", "https://gw.example/projects/p-1", "https://gw.example/projects/p-1"),
    ],
)
def test_a_gateway_keeps_its_address(transformer, url, base_url):
    assert fields(transformer, {}, url, NAMED, "p", Carried())["api_base_url"] == base_url


def test_the_account_of_this_machine_is_carried_and_tells_the_project(tmp_path):
    file = tmp_path / "account.json"
    file.write_text(json.dumps({**ACCOUNT, "project_id": "p-4"}))
    carried = Carried()
    made = fields("vertex-gemini", {}, "", {"GOOGLE_APPLICATION_CREDENTIALS": str(file)}, "p", carried)
    assert made["options"]["project"] == "p-4"
    assert json.loads(made["api_key"])["client_secret"] == KEY
    assert carried.left == []


def test_an_account_that_cannot_be_read_is_named():
    carried = Carried()
    made = fields("vertex-gemini", {}, "", {**NAMED, "GOOGLE_APPLICATION_CREDENTIALS": "gone.json"}, "p", carried)
    assert "api_key" not in made
    [said] = lines(carried)
    assert said.startswith("not carried: p: GOOGLE_APPLICATION_CREDENTIALS is neither JSON nor the path of a file")


@pytest.mark.parametrize("environ", [{}, {"GOOGLE_APPLICATION_CREDENTIALS": "gone.json"}])
def test_without_a_project_there_is_none(environ):
    assert fields("vertex-gemini", {}, "https://us-east5-aiplatform.googleapis.com", environ, "p", Carried()) is None
