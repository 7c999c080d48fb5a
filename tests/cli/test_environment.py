"""`ccproxy env`, read by the shells themselves where they are here."""

import os
import shutil
import subprocess

import pytest

from ccproxy.cli.environment import exports, window_of
from tests.cli.fake_proxy import refused

NASTY = """a b'c"d$HOME`id`\\ %PATH% ‘x’ !"""


def test_for_a_posix_shell(run):
    result = run("env", CCPROXY_PORT="99", CCPROXY_APIKEY="se-cret")
    assert result.output.splitlines() == [
        "export ANTHROPIC_BASE_URL=http://127.0.0.1:99",
        "export ANTHROPIC_AUTH_TOKEN=se-cret",
        "export CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY=1",
        "export CLAUDE_CODE_ATTRIBUTION_HEADER=0",
    ]


def test_what_leads_elsewhere_is_unset(run):
    lines = run(
        "env", ANTHROPIC_API_KEY="k", CLAUDE_CODE_USE_BEDROCK="1", CLAUDE_CODE_USE_VERTEX=""
    ).output.splitlines()
    assert [line for line in lines if line.startswith("unset")] == [
        "unset ANTHROPIC_API_KEY",
        "unset CLAUDE_CODE_USE_BEDROCK",
    ]


@pytest.mark.parametrize(
    ("environ", "direct"),
    [
        ({}, None),
        ({"NO_PROXY": "a.test"}, None),
        ({"HTTPS_PROXY": "http://proxy.test"}, "127.0.0.1"),
        (
            {"http_proxy": "http://proxy.test", "NO_PROXY": "a.test, b.test", "no_proxy": "c.test"},
            "a.test,b.test,c.test,127.0.0.1",
        ),
        ({"ALL_PROXY": "http://proxy.test", "no_proxy": "127.0.0.1,a.test"}, "127.0.0.1,a.test"),
    ],
)
def test_requests_to_ccproxy_go_through_no_proxy_for_the_web(run, environ, direct):
    clean = dict.fromkeys(
        ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "NO_PROXY", "no_proxy"), ""
    )
    lines = run("env", CCPROXY_PORT="99", **{**clean, **environ}).output.splitlines()
    wanted = [f"export {name}={direct}" for name in ("NO_PROXY", "no_proxy")] if direct else []
    assert [line for line in lines if "PROXY=" in line.upper()] == wanted


def test_with_a_model_and_its_window(ask, proxy):
    proxy.answers["GET /v1/models/groq%2Fllama"] = {"id": "groq/llama", "max_input_tokens": 131072}
    output = ask("env", "--model", "groq/llama").output
    assert "export ANTHROPIC_MODEL=groq/llama\n" in output
    assert "export CLAUDE_CODE_MAX_CONTEXT_TOKENS=131072\n" in output


@pytest.mark.parametrize(
    "answer", [(404, refused("no")), {"id": "x"}, {"max_input_tokens": None}, {"max_input_tokens": "9"}, []]
)
def test_a_window_that_is_not_known_is_not_said(ask, proxy, answer):
    proxy.answers["GET /v1/models/m"] = answer
    output = ask("env", "--model", "m").output
    assert "ANTHROPIC_MODEL=m" in output
    assert "CONTEXT" not in output


def test_nobody_has_to_answer(run):
    assert window_of(None, None) is None
    result = run("env", "--model", "m", "--url", "http://127.0.0.1:9")
    assert (result.exit_code, "ANTHROPIC_MODEL=m" in result.output) == (0, True)


@pytest.mark.parametrize("shell", ["sh", "bash", "dash", "zsh", "fish"])
def test_nothing_in_a_value_is_expanded(shell):
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    script = exports("fish" if shell == "fish" else "sh", {"VALUE": NASTY}, ("GONE",))
    done = subprocess.run(
        [shell, "-c", f'{script}\nprintf \'%s|%s\' "$VALUE" "$GONE"'],
        env={"PATH": os.environ["PATH"], "GONE": "still here"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{NASTY}|"


def test_fish_and_powershell():
    assert exports("fish", {"A": "it's \\"}, ("B",)) == "set -gx A 'it\\'s \\\\'\nset -e B"
    assert exports("powershell", {"A": "it's ‘x’ $y"}, ("B",)) == "$env:A = 'it''s ‘‘x’’ $y'\nRemove-Item Env:B"
