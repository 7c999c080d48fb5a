import dataclasses
import json
import pickle
from ipaddress import ip_network
from pathlib import Path

import pytest

from ccproxy.errors import SettingsError
from ccproxy.presets import PRESETS
from ccproxy.settings import LOCAL_NETWORKS, Settings, load
from ccproxy.settings.secret import MASK, Secret

KEY = "A" * 43 + "="
OTHER_KEY = "B" * 43 + "="


@pytest.fixture
def config(tmp_path: Path):
    """Writes a config file and returns the environment that names it."""

    def write(content, **environ: str) -> dict[str, str]:
        path = tmp_path / "config.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return {"CCPROXY_CONFIG": str(path), **environ}

    return write


def test_defaults():
    settings = load({})
    assert settings == Settings()
    assert (settings.host, settings.port, settings.apikey) == ("127.0.0.1", 3456, None)
    assert settings.database_url == "sqlite:///data/ccproxy.db"
    assert settings.secret_keys == settings.trusted_proxies == settings.providers == ()
    assert settings.max_body_bytes == 32 * 1024 * 1024
    assert 1 <= settings.workers <= 4
    assert settings.allowed_ips == LOCAL_NETWORKS
    assert all(network.is_private and not network.is_link_local for network in LOCAL_NETWORKS)


# setting, given as text, given as JSON, what comes out, and under which name
GOOD = [
    ("host", "0.0.0.0", "0.0.0.0", "0.0.0.0", "host"),
    ("host", "[::1]", "::", None, "host"),
    ("host", "proxy-1.lan", "localhost", None, "host"),
    ("port", "1", 1, 1, "port"),
    ("port", " 65535 ", "65535", 65535, "port"),
    ("apikey", "s3cret-key!", "s3cret-key!", "s3cret-key!", "apikey"),
    ("allowed_ips", "10.1.2.3", ["10.1.2.3"], (ip_network("10.1.2.3/32"),), "allowed_ips"),
    (
        "allowed_ips",
        "0.0.0.0/0, ::/0",
        ["0.0.0.0/0", "::/0"],
        (ip_network("0.0.0.0/0"), ip_network("::/0")),
        "allowed_ips",
    ),
    ("trusted_proxies", "::1", "::1", (ip_network("::1/128"),), "trusted_proxies"),
    ("trusted_proxies", "127.0.0.1", [], None, "trusted_proxies"),
    ("metrics_allowed_ips", "10.0.0.9", ["10.0.0.9"], (ip_network("10.0.0.9/32"),), "metrics_allowed_ips"),
    ("otlp_endpoint", "http://box:4318/", "http://box:4318", "http://box:4318", "otlp_endpoint"),
    ("otlp_endpoint", "https://[::1]/otel", "https://[::1]/otel/", "https://[::1]/otel", "otlp_endpoint"),
    ("database_url", "sqlite:////srv/c.db", "sqlite:////srv/c.db", "sqlite:////srv/c.db", "database_url"),
    ("database_url", "postgresql+psycopg://u:p@h/d", "postgresql://h/d", None, "database_url"),
    ("secret_keys", f"{KEY}, {OTHER_KEY}", [KEY, OTHER_KEY], (KEY, OTHER_KEY), "secret_keys"),
    ("log_level", "DEBUG", "debug", "debug", "log_level"),
    ("log_format", "console", "console", "console", "log_format"),
    ("max_body_mb", "1", 1, 1024 * 1024, "max_body_bytes"),
    ("connect_timeout", "0.5", 0.5, 0.5, "connect_timeout"),
    ("idle_timeout", "60", 60, 60.0, "idle_timeout"),
    ("request_timeout", "86400", "86400", 86400.0, "request_timeout"),
    ("workers", "2", 2, 2, "workers"),
    ("redis_url", "redis://:p@h:6379/0", "rediss://h", None, "redis_url"),
    ("redis_url", "redis+unix:///run/r.sock", "redis+unix:///run/r.sock", "redis+unix:///run/r.sock", "redis_url"),
]


@pytest.mark.parametrize(("name", "as_text", "as_json", "expected", "field"), GOOD)
def test_good_values_from_either_place(config, name, as_text, as_json, expected, field):
    from_environment = getattr(load({f"CCPROXY_{name.upper()}": as_text}), field)
    from_file = getattr(load(config({name: as_json})), field)
    if expected is not None:
        assert from_environment == from_file == expected
    else:
        assert from_environment != getattr(Settings(), field)


def test_the_environment_goes_before_the_file_and_the_file_before_the_default(config):
    environ = config({"host": "10.0.0.1", "port": 4000}, CCPROXY_PORT="5000")
    settings = load(environ)
    assert (settings.host, settings.port, settings.log_level) == ("10.0.0.1", 5000, "info")
    assert settings.config_path == environ["CCPROXY_CONFIG"]


def test_a_bad_value_in_the_file_is_told_although_the_environment_goes_before_it(config):
    with pytest.raises(SettingsError, match=r"config file .*: port: 'x' is not allowed"):
        load(config({"port": "x"}, CCPROXY_PORT="4000"))


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_variable_is_not_set(config, empty):
    environ = config({"port": 4000}, CCPROXY_PORT=empty, CCPROXY_APIKEY=empty, CCPROXY_HOST=empty)
    settings = load(environ)
    assert (settings.port, settings.apikey, settings.host) == (4000, None, "127.0.0.1")
    assert load({"CCPROXY_CONFIG": ""}) == Settings()


BAD = [
    ("host", "a b", "an IP address or a host name"),
    ("host", "127.0.0.1:80", "an IP address or a host name"),
    ("host", "256.1.1.1", "an IP address or a host name"),
    ("host", "-x", "an IP address or a host name"),
    ("port", "0", "a whole number from 1 to 65535"),
    ("port", "65536", "a whole number from 1 to 65535"),
    ("port", "-1", "a whole number from 1 to 65535"),
    ("port", "80.0", "a whole number from 1 to 65535"),
    ("port", "tcp://10.0.0.1:3456", "a whole number from 1 to 65535"),
    ("port", "٣٤٥٦", "a whole number from 1 to 65535"),
    ("port", "9" * 5000, "a whole number from 1 to 65535"),
    ("allowed_ips", "10.0.0.0/33", "CIDR blocks such as 10.0.0.0/8, which '10.0.0.0/33' is not"),
    ("allowed_ips", "localhost", "CIDR blocks such as 10.0.0.0/8, which 'localhost' is not"),
    ("allowed_ips", "10.0.0.5/24", "CIDR blocks without host bits: 10.0.0.0/24 instead of 10.0.0.5/24"),
    ("trusted_proxies", "10.0.0.1,", "a list of CIDR blocks such as 10.0.0.0/8"),
    ("log_level", "verbose", "debug | info | warning | error"),
    ("log_format", "xml", "json | console"),
    ("max_body_mb", "0", "a whole number from 1 to 1024"),
    ("max_body_mb", "1.5", "a whole number from 1 to 1024"),
    ("connect_timeout", "0", "a number of seconds above 0, at most 604800"),
    ("idle_timeout", "-1", "a number of seconds above 0, at most 604800"),
    ("request_timeout", "nan", "a number of seconds above 0, at most 604800"),
    ("request_timeout", "inf", "a number of seconds above 0, at most 604800"),
    ("request_timeout", "1h", "a number of seconds above 0, at most 604800"),
    ("workers", "0", "a whole number from 1 to 64"),
]


@pytest.mark.parametrize(("name", "value", "allowed"), BAD)
def test_bad_values_stop_with_one_line_that_names_them(config, name, value, allowed):
    shown = value if len(value) < 90 else value[:90]
    for environ, where in (
        ({f"CCPROXY_{name.upper()}": value}, f"CCPROXY_{name.upper()}: "),
        (config({name: value}), f"config.json: {name}: "),
    ):
        with pytest.raises(SettingsError) as raised:
            load(environ)
        message = raised.value.message
        assert where in message
        assert shown in message
        assert message.endswith(f"is not allowed; must be {allowed}")
        assert "\n" not in message
        assert len(message) < 400


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", True),
        ("port", 80.0),
        ("port", [80]),
        ("workers", True),
        ("idle_timeout", True),
        ("idle_timeout", {}),
        ("host", 1),
        ("apikey", 123456),
        ("allowed_ips", {"a": 1}),
        ("allowed_ips", [1]),
        ("secret_keys", []),
        ("secret_keys", [1]),
        ("secret_keys", 7),
        ("log_level", None),
        ("max_body_mb", 10**30),
        ("database_url", 5),
        ("host", ""),
        ("apikey", ""),
    ],
)
def test_json_values_of_the_wrong_kind(config, name, value):
    with pytest.raises(SettingsError, match=rf"config file .*config\.json: {name}: ") as raised:
        load(config({name: value}))
    assert "\n" not in raised.value.message


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("CCPROXY_APIKEY", "hunter2 hunter2", "visible ASCII characters without spaces"),
        ("CCPROXY_APIKEY", "hunter2é", "visible ASCII characters without spaces"),
        ("CCPROXY_APIKEY", "hunter2\nhunter2", "visible ASCII characters without spaces"),
        ("CCPROXY_SECRET_KEYS", "hunter2", "number 1 of 1 is not"),
        ("CCPROXY_SECRET_KEYS", f"{KEY},hunter2", "number 2 of 2 is not"),
        ("CCPROXY_SECRET_KEYS", f"{KEY},", "number 2 of 2 is not"),
        ("CCPROXY_SECRET_KEYS", f"hunter2{KEY}", "number 1 of 1 is not"),
        ("CCPROXY_DATABASE_URL", "mysql://u:hunter2@h/d", "sqlite:///PATH or postgresql://"),
        ("CCPROXY_DATABASE_URL", "hunter2", "sqlite:///PATH or postgresql://"),
        ("CCPROXY_DATABASE_URL", "sqlite://", "sqlite:///PATH or postgresql://"),
        ("CCPROXY_DATABASE_URL", "sqlite:///:memory:", "sqlite:///PATH or postgresql://"),
        ("CCPROXY_DATABASE_URL", "postgresql://u:hunter2@h:port/d", "sqlite:///PATH or postgresql://"),
        ("CCPROXY_OTLP_ENDPOINT", "hunter2", "a URL such as http://collector:4318"),
        ("CCPROXY_OTLP_ENDPOINT", "grpc://hunter2:4317", "a URL such as http://collector:4318"),
        ("CCPROXY_OTLP_ENDPOINT", "http://hunter2:port", "a URL such as http://collector:4318"),
        ("CCPROXY_OTLP_ENDPOINT", "http://a hunter2", "a URL such as http://collector:4318"),
        ("CCPROXY_OTLP_ENDPOINT", "http://[hunter2", "a URL such as http://collector:4318"),
        ("CCPROXY_OTLP_ENDPOINT", "http://u:hunter2@box", "without a user, a query or a fragment"),
        ("CCPROXY_OTLP_ENDPOINT", "http://box/?key=hunter2", "without a user, a query or a fragment"),
        ("CCPROXY_REDIS_URL", "memcached://:hunter2@h", "redis://:PASSWORD@HOST"),
        ("CCPROXY_REDIS_URL", "redis://", "redis://:PASSWORD@HOST"),
        ("CCPROXY_REDIS_URL", "redis://:hunter2@h:port", "redis://:PASSWORD@HOST"),
        ("CCPROXY_REDIS_URL", "redis+unix://hunter2", "redis://:PASSWORD@HOST"),
    ],
)
def test_bad_secrets_are_named_and_never_shown(variable, value, allowed):
    with pytest.raises(SettingsError) as raised:
        load({variable: value})
    assert raised.value.message.startswith(f"{variable}: the value is not allowed; must be ")
    assert allowed in raised.value.message
    assert "hunter2" not in raised.value.message
    assert KEY not in raised.value.message
    assert "\n" not in raised.value.message


class TestVariables:
    def test_in_every_string(self, config):
        content = {
            "host": "${HOST_}",
            "port": "${PORT_}",
            "allowed_ips": ["${NET}/8", "::1"],
            "providers": [{"name": "a", "api_key": "sk-${A}${B}", "headers": {"x": ["${A}"]}, "n": 1}],
            "routes": {"${A}": {"provider": "${A}", "model": "$A {A} $$ ${}"}},
        }
        settings = load(config(content, HOST_="::1", PORT_="99", NET="10.0.0.0", A="a", B=""))
        assert (settings.host, settings.port) == ("::1", 99)
        assert settings.allowed_ips == (ip_network("10.0.0.0/8"), ip_network("::1"))
        assert settings.providers == ({"name": "a", "api_key": "sk-a", "headers": {"x": ["a"]}, "n": 1},)
        target = {"provider": "a", "model": "$A {A} $$ ${}"}
        assert settings.routes == {"${A}": {"name": "${A}", "match": {"model": "${A}"}, "targets": [target]}}

    @pytest.mark.parametrize(
        ("content", "path"),
        [
            ({"host": "${NOPE}"}, "host"),
            ({"providers": [{"name": "a"}, {"name": "b", "api_key": "x${NOPE}"}]}, "providers.1.api_key"),
            ({"providers": [{"name": "a", "headers": {"x-y": "${NOPE}"}}]}, "providers.0.headers.x-y"),
            ({"routes": {"default": "groq/${NOPE}"}}, "routes.default"),
        ],
    )
    def test_a_missing_one_names_the_key_path(self, config, content, path):
        with pytest.raises(SettingsError) as raised:
            load(config(content, SOMETHING_ELSE="hunter2"))
        assert raised.value.message.endswith(f"config.json: {path}: the environment variable NOPE is not set")

    def test_what_is_replaced_is_not_looked_at_again(self, config):
        assert load(config({"apikey": "${A}"}, A="${B}")).apikey == "${B}"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not JSON: Expecting property name enclosed in double quotes at line 1 column 2"),
        ("", "not JSON: Expecting value at line 1 column 1"),
        ("[]", "must be a JSON object"),
        ('{"port": NaN}', "not JSON: NaN is no JSON number"),
        ('{"port": 1, "port": 2}', "not JSON: the key 'port' is given twice"),
        ("[" * 100_000, "nested too deeply"),
        ({"prot": 1}, "prot: unknown key; known are host, port, apikey, "),
        ({"Providers": []}, "Providers: unknown key; known are host, port, apikey, "),
        ({"providers": {}}, "providers: must be a list"),
        ({"providers": ["groq"]}, "providers.0: must be an object"),
        ({"providers": [{"name": "a"}, {}]}, "providers.1.name: must be given, as text"),
        ({"providers": [{"name": 5}]}, "providers.0.name: must be given, as text"),
        ({"providers": [{"name": "a"}, {"name": "a"}]}, "providers.1.name: 'a' is given twice"),
        ({"routes": "groq/m"}, "routes: must be an object or a list"),
        ({"routes": {"default": 5}}, "routes.default: must be 'provider/model' or an object with provider and model"),
        ({"routes": {"a": "p/m", "b": ["p/m"]}}, "routes.b: must be 'provider/model' or an object with"),
        (
            {"routes": {"longContext": "p/m", "long_context": "p/m"}},
            "routes.long_context: is given twice, also as longContext",
        ),
        ({"routes": ["groq/m"]}, "routes.0: must be an object"),
        ({"routes": [{"name": "a"}, {"targets": []}]}, "routes.1.name: must be given, as text"),
        ({"routes": [{"name": " "}]}, "routes.0.name: must be given, as text"),
        ({"routes": [{"name": "a"}, {"name": "a "}]}, "routes.1.name: 'a ' is given twice"),
        ({"apikey": None}, "apikey: field may not be null"),
    ],
)
def test_a_bad_file_stops_with_one_line_that_names_the_path(config, content, words):
    with pytest.raises(SettingsError) as raised:
        load(config(content))
    assert f"config.json: {words}" in raised.value.message
    assert "\n" not in raised.value.message


def test_files_that_cannot_be_read(tmp_path):
    for path, words in ((tmp_path / "none.json", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(SettingsError, match=words) as raised:
            load({"CCPROXY_CONFIG": str(path)})
        assert raised.value.message.startswith(f"CCPROXY_CONFIG: {str(path)!r}: ")
    (tmp_path / "latin.json").write_bytes(b'{"host": "\xe9"}')
    with pytest.raises(SettingsError, match="not UTF-8"):
        load({"CCPROXY_CONFIG": str(tmp_path / "latin.json")})


def test_a_byte_order_mark_is_no_harm(config):
    assert load(config('\ufeff{"port": 1}')).port == 1


@pytest.mark.parametrize(
    ("key", "match"),
    [
        ("default", {"scenario": "default"}),
        ("background", {"scenario": "background"}),
        ("think", {"scenario": "think"}),
        ("longContext", {"scenario": "long_context"}),
        ("long_context", {"scenario": "long_context"}),
        ("webSearch", {"scenario": "web_search"}),
        ("web_search", {"scenario": "web_search"}),
        ("image", {"scenario": "image"}),
        ("claude-opus-4-8[1m]", {"model": "claude-opus-4-8[1m]"}),
        ("org/Model:free", {"model": "org/Model:free"}),
    ],
)
@pytest.mark.parametrize("target", ["groq/a/b", "groq,a/b", {"provider": "groq", "model": "a/b", "weight": 2}])
def test_routes_in_the_plain_form(config, key, match, target):
    expected = {key: {"name": key, "match": match, "targets": [target]}}
    assert load(config({"routes": {key: target}})).routes == expected


def test_routes_in_the_full_form_are_kept_as_given(config):
    given = [{"name": "a", "targets": ["groq/m"]}, {"name": "b", "x": 1}]
    settings = load(config({"routes": given}))
    assert settings.routes == {"0": given[0], "1": given[1]}
    assert load(config({})).routes == {}


class TestProviders:
    def test_those_of_the_file_are_kept_as_given(self, config):
        given = [
            {"name": "mine", "type": "openai-chat", "apiBaseUrl": "http://x", "apiKey": "k", "models": ["m"], "x": 1}
        ]
        assert list(load(config({"providers": given})).providers) == given

    @pytest.mark.parametrize("name", [name for name, preset in PRESETS.items() if preset.key_env])
    def test_a_well_known_key_makes_its_provider(self, name):
        for variable in PRESETS[name].key_env:
            assert load({variable: " sk-1 "}).providers[0:1] == ({"name": name, "type": name, "api_key": "sk-1"},)

    def test_the_first_of_several_names_counts_and_empty_ones_do_not(self):
        preset = next(preset for preset in PRESETS.values() if len(preset.key_env) > 1)
        first, second = preset.key_env[:2]
        assert load({first: "one", second: "two"}).providers[0]["api_key"] == "one"
        assert load({first: "", second: "two"}).providers[0]["api_key"] == "two"
        assert load({first: "", second: " "}).providers == ()

    def test_the_file_goes_before_the_key(self, config):
        environ = config({"providers": [{"name": "openai", "api_key": "${MINE}"}]}, MINE="a", OPENAI_API_KEY="b")
        assert load(environ).providers == ({"name": "openai", "api_key": "a"},)


def every_secret(config) -> Settings:
    provider = {
        "name": "openai",
        "type": "openai",
        "api_key": "hunter2-a",
        "apiKey": "hunter2-b",
        "api_base_url": "https://u:hunter2-c@host/v1",
        "headers": {"authorization": "hunter2-d", "list": ["hunter2-e"]},
        "options": {"x": {"y": "hunter2-f"}},
        "aip_key": "hunter2-g",
    }
    return load(
        config(
            {"providers": [provider], "apikey": "hunter2-h"},
            CCPROXY_SECRET_KEYS=KEY,
            CCPROXY_REDIS_URL="redis://:hunter2-k@host",
            CCPROXY_DATABASE_URL="postgresql://user:hunter2-i@host/name",
            GROQ_API_KEY="hunter2-j",
        )
    )


@pytest.mark.parametrize(
    "dump",
    [
        repr,
        str,
        lambda settings: f"{settings!r} {settings}",
        lambda settings: repr(dataclasses.asdict(settings)),
        lambda settings: json.dumps(dataclasses.asdict(settings), default=str),
        lambda settings: str(dataclasses.astuple(settings)),
        lambda settings: repr([getattr(settings, field.name) for field in dataclasses.fields(settings)]),
        lambda settings: repr(dataclasses.replace(settings, port=1)),
        lambda settings: pickle.dumps(settings).decode("latin-1"),
    ],
    ids=["repr", "str", "format", "asdict", "json", "astuple", "fields", "replace", "pickle"],
)
def test_no_dump_shows_a_secret(config, dump):
    text = dump(every_secret(config))
    assert "openai" in text
    assert "hunter2" not in text
    assert KEY not in text


def test_made_by_hand_it_hides_them_too():
    settings = Settings(apikey="hunter2", secret_keys=("hunter2",), providers=({"name": "a", "api_key": "hunter2"},))
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in repr(dataclasses.asdict(settings))
    assert settings.apikey == "hunter2"


def test_a_database_shows_without_its_password(config):
    settings = every_secret(config)
    assert "postgresql://user:***@host/name" in repr(settings)
    assert settings.database_url == "postgresql://user:hunter2-i@host/name"


def test_a_secret_works_as_its_text():
    secret = Secret("sk-1")
    assert secret == "sk-1"
    assert f"Bearer {secret}" == "Bearer " + secret == "Bearer sk-1"
    assert {secret: 1}["sk-1"] == 1
    assert secret.encode() == b"sk-1"
    assert repr(secret) == repr(MASK)


def test_settings_do_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().port = 1
