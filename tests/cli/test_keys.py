"""`ccproxy keys` against a proxy that answers from a table."""

import json

import pytest

LIMITS = ("requests_per_minute", "tokens_per_minute", "concurrent_requests")
LIMITS += ("daily_budget_usd", "monthly_budget_usd", "daily_token_budget", "monthly_token_budget")
SPEND = {span: {"cost_usd": cost, "tokens": 1, "requests": 1} for span, cost in (("day", 0.5), ("month", 12.345))}
SHOWN = {"name": "anna", "prefix": "ccp_abcdefgh", "role": "member", "enabled": True, "models": [], "addresses": []}
SHOWN |= {
    "owner": None,
    "expires_at": None,
    "last_used_at": "2026-11-28T06:30:00.000Z",
    "spend": SPEND,
    "former": None,
    **dict.fromkeys(LIMITS),
}
SECRET = "ccp_" + "x" * 50


def test_the_list(ask, proxy):
    other = {"name": "ben", "enabled": False, "models": ["claude-*"], "daily_budget_usd": 5.0, "last_used_at": None}
    proxy.answers["GET /keys"] = [SHOWN, SHOWN | other | {"requests_per_minute": 60}]
    heading, first, second = ask("keys", "list").output.splitlines()
    assert heading.split() == [
        "NAME",
        "OWNER",
        "KEY",
        "ROLE",
        "STATE",
        "LIMITS",
        "TODAY",
        "THIS",
        "MONTH",
        "LAST",
        "USED",
    ]
    assert first.split() == [
        "anna",
        "-",
        "ccp_abcdefgh…",
        "member",
        "enabled",
        "any",
        "$0.50",
        "$12.35",
        "2026-11-28",
        "06:30",
    ]
    assert "disabled  claude-*, 60/min, $5/day  $0.50" in second
    assert second.endswith("never")
    assert json.loads(ask("keys", "list", "--json").output)[0] == SHOWN
    gone = {"owner": "Ben", "expires_at": "2020-01-01T00:00:00.000Z"}
    proxy.answers["GET /keys"] = [SHOWN | gone, SHOWN | {"expires_at": "2999-01-01T12:00:00.000Z"}]
    _, first, second = ask("keys", "list").output.splitlines()
    assert "Ben    ccp_abcdefgh…  member  expired 2020-01-01 00:00" in first
    assert "until 2999-01-01 12:00" in second
    proxy.answers["GET /keys"] = []
    assert "ccproxy keys add NAME" in ask("keys", "list").output


ADDED = [
    ([], {}),
    (
        ["--owner", "Anna", "--role", "admin", "--model-glob", "a", "--model-glob", "b*", "--address", "10.0.0.0/8"],
        {"owner": "Anna", "role": "admin", "models": ["a", "b*"], "addresses": ["10.0.0.0/8"]},
    ),
    (["--expires", "2026-12-31", "--capture", "errors"], {"expires_at": "2026-12-31", "capture": "errors"}),
    (
        ["--requests-per-minute", "60", "--tokens-per-minute", "1000", "--concurrent", "4"],
        {"requests_per_minute": 60, "tokens_per_minute": 1000, "concurrent_requests": 4},
    ),
    (
        ["--daily-usd", "1.5", "--monthly-usd", "20", "--daily-tokens", "7", "--monthly-tokens", "none"],
        {"daily_budget_usd": 1.5, "monthly_budget_usd": 20.0, "daily_token_budget": 7, "monthly_token_budget": None},
    ),
]


@pytest.mark.parametrize(("arguments", "fields"), ADDED)
def test_a_key_is_made_and_alone_on_stdout(ask, proxy, arguments, fields):
    proxy.answers["POST /keys"] = (201, SHOWN | {"secret": SECRET})
    done = ask("keys", "add", "anna", *arguments)
    assert (done.exit_code, done.stdout, done.stderr) == (0, f"{SECRET}\n", "key anna made, member: any\n")
    assert proxy.asked[-1].body == {"name": "anna", **fields}
    assert json.loads(ask("keys", "add", "anna", "--json").stdout)["secret"] == SECRET


@pytest.mark.parametrize(
    ("arguments", "fields"),
    [
        *((arguments, fields) for arguments, fields in ADDED if fields),
        (["--model-glob", "none", "--address", "none"], {"models": [], "addresses": []}),
        (["--owner", "none", "--expires", "none"], {"owner": None, "expires_at": None}),
    ],
)
def test_a_key_is_changed(ask, proxy, arguments, fields):
    proxy.answers["PUT /keys/anna"] = SHOWN | {"concurrent_requests": 4}
    assert ask("keys", "change", "anna", *arguments).output == "key anna changed, member: 4 at once\n"
    assert proxy.asked[-1].body == fields


@pytest.mark.parametrize(
    ("grace", "seconds"), [([], 86400), (["--grace", "0"], 0), (["--grace", "30m"], 1800), (["--grace", "90s"], 90)]
)
def test_a_key_is_rotated(ask, proxy, grace, seconds):
    former = {"prefix": "ccp_before00", "until": "2026-11-29T06:30:00.000Z"} if seconds else None
    proxy.answers["POST /keys/anna/rotate"] = SHOWN | {"secret": SECRET, "former": former}
    done = ask("keys", "rotate", "anna", *grace)
    assert done.stdout == f"{SECRET}\n"
    words = "taken until 2026-11-29T06:30:00.000Z" if seconds else "not taken any more"
    assert done.stderr == f"key anna rotated; the old one is {words}\n"
    assert proxy.asked[-1].body == {"grace_seconds": seconds}


def test_a_key_is_taken_out_of_use_and_away(ask, proxy):
    proxy.answers["PATCH /keys/anna/toggle"] = {"message": "key anna disabled"}
    proxy.answers["DELETE /keys/anna"] = {"message": "key anna deleted"}
    assert ask("keys", "toggle", "anna").output == "key anna disabled\n"
    assert ask("keys", "remove", "anna", "--yes").output == "key anna deleted\n"
    assert ask("keys", "remove", "anna", given="n\n").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["change", "anna"], "nothing to change is given"),
        (["add", "anna", "--daily-usd", "much"], "--daily-usd: 'much' is not allowed; must be a number or none"),
        (["add", "anna", "--concurrent", "1.5"], "--concurrent: '1.5' is not allowed"),
        (["rotate", "anna", "--grace", "soon"], "--grace: 'soon' is not allowed"),
        (["rotate", "anna", "--grace", ""], "--grace: '' is not allowed"),
        (["rotate", "anna", "--grace", "-1"], "--grace: '-1' is not allowed"),
        (["toggle", "nobody"], "no /keys/nobody/toggle"),
    ],
)
def test_what_is_wrong_is_one_line(ask, arguments, words):
    done = ask("keys", *arguments)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"ccproxy: {words}")
    assert done.stderr.count("\n") == 1
