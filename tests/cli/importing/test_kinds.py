"""Which type of provider an address means."""

import pytest

from ccproxy.cli.importing.kinds import kind_at


@pytest.mark.parametrize(
    ("url", "wire", "name", "found"),
    [
        # No address: the name, if it is a type's
        ("", "openai-chat", "groq", ("groq", None)),
        ("", "openai-chat", "mine", ("openai-chat", None)),
        # A known host: its type, with its own address
        ("https://openrouter.ai/api/v1/chat/completions", "openai-chat", "or", ("openrouter", None)),
        ("https://api.deepseek.com/chat/completions", "openai-chat", "x", ("deepseek", None)),
        ("https://api.groq.com/openai/v1/", "openai-chat", "x", ("groq", None)),
        ("https://generativelanguage.googleapis.com/v1beta/models/", "gemini", "g", ("gemini", None)),
        ("https://api.anthropic.com/v1/messages", "anthropic", "a", ("anthropic", None)),
        ("https://api.openai.com/v1/responses", "openai-responses", "o", ("openai", None)),
        ("http://localhost:11434/v1/chat/completions", "openai-chat", "x", ("ollama", None)),
        ("http://127.0.0.1:11434/v1", "openai-chat", "x", ("ollama", "http://127.0.0.1:11434/v1")),
        # A second host of a known provider
        (
            "https://dashscope.aliyuncs.com/compatible-mode/v1/chat/completions",
            "openai-chat",
            "x",
            ("qwen", "https://dashscope.aliyuncs.com/compatible-mode/v1"),
        ),
        ("https://api.moonshot.cn/v1/chat/completions", "openai-chat", "x", ("moonshot", "https://api.moonshot.cn/v1")),
        ("https://api.moonshot.cn/v1/x", "gemini", "x", ("gemini", "https://api.moonshot.cn/v1/x")),
        # Azure has a host for each customer
        ("https://mine.openai.azure.com/", "openai-chat", "x", ("azure", "https://mine.openai.azure.com/openai/v1")),
        (
            "https://mine.services.ai.azure.com/anthropic/v1/messages",
            "anthropic",
            "x",
            ("azure-anthropic", "https://mine.services.ai.azure.com/anthropic"),
        ),
        ("https://mine.openai.azure.com/x", "gemini", "x", ("gemini", "https://mine.openai.azure.com/x")),
        # Anybody's host: the bare API there
        ("https://aihubmix.com/v1/chat/completions", "openai-chat", "x", ("openai-chat", "https://aihubmix.com/v1")),
        ("http://localhost:4141/v1/messages", "anthropic", "x", ("anthropic", "http://localhost:4141")),
        (
            "http://localhost:9999/v1/responses",
            "openai-responses",
            "x",
            ("openai-responses", "http://localhost:9999/v1"),
        ),
        # A port that many servers take: the name tells which
        ("http://localhost:8000/v1", "openai-chat", "vllm", ("vllm", None)),
        ("http://localhost:8000/v1", "openai-chat", "x", ("openai-chat", "http://localhost:8000/v1")),
        # Nothing that an address can be: the server is to say so
        ("localhost", "openai-chat", "x", ("openai-chat", "localhost")),
        ("http://[x", "openai-chat", "x", ("openai-chat", "http://[x")),
    ],
)
def test_the_type_at_an_address(url, wire, name, found):
    assert kind_at(url, wire, name) == found


def test_the_anthropic_api_of_a_second_host():
    kind, url = kind_at("https://open.bigmodel.cn/api/anthropic", "anthropic", "glm")
    assert (kind, url) == ("zai-anthropic", "https://open.bigmodel.cn/api/anthropic")
