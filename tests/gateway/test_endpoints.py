"""Where a provider may be, URL by URL; the resolver is a table."""

from __future__ import annotations

import socket

import pytest

from ccproxy.gateway import endpoints
from ccproxy.gateway.endpoints import check

DNS = {
    "api.groq.com": ["104.18.1.1", "2606:4700::1"],
    "localhost": ["127.0.0.1", "::1"],
    "ollama": ["172.18.0.3"],
    "metadata.google.internal": ["169.254.169.254"],
    "mixed.example": ["104.18.1.1", "169.254.169.254"],
    "mapped.example": ["::ffff:169.254.169.254"],
    "zoned.example": ["fe80::1%eth0"],
    "nat64.example": ["64:ff9b::6812:101"],
    "strange.example": ["not-an-address"],
}


def table(host: str, port: int) -> list[str]:
    assert 0 < port < 65536
    return DNS.get(host, [])


@pytest.mark.parametrize(
    "url",
    [
        "https://api.groq.com/openai/v1",
        "HTTPS://API.groq.com:8443",
        "http://localhost:11434",
        "http://127.0.0.1:8080/v1",
        "http://[::1]:8080/v1",
        "http://[::ffff:127.0.0.1]/",
        "http://10.0.0.5",
        "http://192.168.1.10:1234/v1",
        "http://172.18.0.3",
        "http://100.64.0.1",  # carrier-grade NAT, where Tailscale lives
        "http://[fd12::1]/v1",
        "http://ollama:11434",
        "http://my_service-1.internal./v1",
        "http://nat64.example",
        "http://not-there-yet.example",
        "http://strange.example",
        "http://xn--bcher-kva.example",
        "http://1.example",
    ],
)
def test_allowed(url: str) -> None:
    check(url, table)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        # addresses, however they are written
        ("http://169.254.169.254/latest/meta-data", "link-local"),
        ("http://[::ffff:169.254.169.254]", "link-local"),
        ("http://[::ffff:a9fe:a9fe]", "link-local"),
        ("http://[64:ff9b::a9fe:a9fe]", "link-local"),
        ("http://[2002:a9fe:a9fe::]", "link-local"),
        ("http://[2001:0:4136:e378:8000:63bf:5601:5601]", "link-local"),
        ("http://[fe80::1]", "link-local"),
        ("http://[fe80::1%25eth0]", "link-local"),
        ("http://2852039166", "unusual form"),
        ("http://0xa9fea9fe", "unusual form"),
        ("http://0XA9FEA9FE", "unusual form"),
        ("http://169.254.43518", "unusual form"),
        ("http://0251.0376.0251.0376", "unusual form"),
        ("http://169.254.169.254.", "unusual form"),
        ("http://0", "unusual form"),
        ("http://127.1", "unusual form"),
        ("http://0.0.0.0", "unspecified"),
        ("http://0.1.2.3", "unspecified"),
        ("http://[::]", "unspecified"),
        ("http://224.0.0.1", "multicast"),
        ("http://[ff02::1]", "multicast"),
        ("http://240.0.0.1", "reserved"),
        ("http://255.255.255.255", "reserved"),
        ("http://[::127.0.0.1]", "reserved"),
        ("http://100.100.100.200", "metadata"),
        ("http://168.63.129.16", "metadata"),
        ("http://[fd00:ec2::254]", "metadata"),
        # names
        ("http://metadata.google.internal", "link-local"),
        ("http://mixed.example", "link-local"),
        ("http://mapped.example", "link-local"),
        ("http://zoned.example", "link-local"),
        # form
        ("ftp://api.groq.com", "http"),
        ("file:///etc/passwd", "http"),
        ("api.groq.com/v1", "http"),
        ("//api.groq.com", "http"),
        ("", "http"),
        ("http://", "no host"),
        ("http:///v1", "no host"),
        ("http://:80", "no host"),
        ("http://user:sk-secret@api.groq.com", "user name"),
        ("http://@api.groq.com", "user name"),
        ("http://api.groq.com?key=sk-secret", "query"),
        ("http://api.groq.com/?", "query"),
        ("http://api.groq.com/#top", "fragment"),
        ("http://api.groq.com/#", "fragment"),
        ("http://api.groq.com:99999", "cannot be read"),
        ("http://api.groq.com:x", "cannot be read"),
        ("http://api.groq.com:0", "port 0"),
        ("http://[::1", "cannot be read"),
        ("http://[api]", "cannot be read"),
        ("http://api groq.com", "spaces"),
        ("http://api.groq.com\n", "spaces"),
        ("ht\ttp://api.groq.com", "spaces"),
        ("http://api.groq.com\\@evil", "backslashes"),
        ("http://api\x00", "control"),
        ("http://a..b", "not a name"),
        ("http://.a", "not a name"),
        ("http://-a", "not a name"),
        ("http://a%2eb", "not a name"),
        ("http://bücher.example", "xn--"),
        ("http://１６９.254.169.254", "xn--"),
        ("http://" + "a." * 200 + "example", "not a name"),
        ("http://" + "1" * 200, "…"),
    ],
)
def test_refused(url: str, words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("[", r"\[")) as caught:
        check(url, table)
    assert "sk-secret" not in str(caught.value)


def test_without_a_resolver_only_what_is_written_counts() -> None:
    check("http://metadata.google.internal", None)
    with pytest.raises(ValueError, match="link-local"):
        check("http://169.254.169.254", None)


def test_the_resolver_is_the_system_s(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def getaddrinfo(host: str, port: int, **options: object) -> list[tuple[object, ...]]:
        asked.append((host, port))
        return [(socket.AF_INET, 1, 6, "", ("169.254.169.254", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(ValueError, match=r"rebound\.example \(169\.254\.169\.254\) is a link-local address"):
        check("https://rebound.example")
    with pytest.raises(ValueError, match="link-local"):
        check("http://rebound.example")
    assert asked == [("rebound.example", 443), ("rebound.example", 80)]


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), UnicodeError("label too long"), OSError("down")])
def test_a_name_that_does_not_resolve_may_come_later(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def getaddrinfo(*_: object, **__: object) -> list[tuple[object, ...]]:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert endpoints.resolve("not-there-yet.example", 443) == []
    check("https://not-there-yet.example")
