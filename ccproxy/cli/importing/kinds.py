"""Which of our provider types an address means: the known provider at that host, else the bare API."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from ccproxy import presets

# Second hosts of known providers, by the API spoken there; their types know how these differ from the plain API.
_SECOND_HOSTS = {
    "dashscope.aliyuncs.com": "qwen",
    "api.moonshot.cn": "moonshot",
    "open.bigmodel.cn": "zai",
    "api.minimaxi.com": "minimax",
    "api.minimax.chat": "minimax",
}
# Ports that many servers take: what listens there is what it is called, or nobody knows.
_COMMON = ("localhost:8000", "localhost:8080")
_AZURE = (".openai.azure.com", ".services.ai.azure.com")
_BARE = {"anthropic": "anthropic", "gemini": "gemini", "openai-responses": "openai-responses"}


def kind_at(url: str, wire: str, name: str) -> tuple[str, str | None]:
    """The type of a provider at an address that speaks an API, and its base URL where it is not the type's own."""
    if not url:
        preset = presets.find(name)
        return (name if preset is not None else wire), None
    bare = url.strip().rstrip("/")
    if wire == "gemini":
        bare = bare.removesuffix("/models")
    kind = _kind(bare, wire, name)
    preset = presets.find(kind)
    if preset is None:
        return kind, bare
    try:
        base_url = presets.base_url(preset, bare, {})
        own = presets.base_url(preset, None, {}) if preset.base_url else None
    except ValueError:
        return kind, bare
    return kind, None if base_url == own else base_url


def parts_of(url: str) -> SplitResult:
    """An address in parts, all of them empty for a text that is none: the proxy will say so."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _kind(url: str, wire: str, name: str) -> str:
    host = parts_of(url).netloc.rpartition("@")[2].replace("127.0.0.1", "localhost")
    second = _SECOND_HOSTS.get(host)
    if second is not None:
        second = f"{second}-anthropic" if wire == "anthropic" else second
        if _speaks(second, wire):
            return second
    there = [
        preset.name
        for preset in presets.PRESETS.values()
        if host and _speaks(preset.name, wire) and urlsplit(preset.base_url).netloc == host
    ]
    if name in there:
        return name
    if host.endswith(_AZURE):
        at_azure = "azure-anthropic" if wire == "anthropic" else "azure"
        if _speaks(at_azure, wire):
            return at_azure
    if there and host not in _COMMON:
        return there[0]
    return _BARE.get(wire, "openai-chat")


def _speaks(kind: str, wire: str) -> bool:
    preset = presets.find(kind)
    return preset is not None and (preset.wire == wire or any(api.wire == wire for api in preset.apis))
