"""The options that an administrator may set on a provider: what its server does differently, and fixed fields."""

from __future__ import annotations

from ccproxy.presets.preset import OptionSpec

COMMON: dict[str, OptionSpec] = {
    "extra_body": OptionSpec("object", "Fields added to every request body; they win over ccproxy's own."),
    "max_output_tokens": OptionSpec("integer", "The most output tokens the server lets one ask for; more is cut."),
    "context_window": OptionSpec("integer", "How many tokens a conversation may have, where nobody else tells."),
    "max_tokens_field": OptionSpec(
        "string", "The name of that field.", choices=("max_tokens", "max_completion_tokens")
    ),
    "system_role": OptionSpec(
        "string", "The role of the system prompt; `user` where there is none.", choices=("system", "developer", "user")
    ),
    "system_anywhere": OptionSpec("boolean", "Whether system messages may stand between the others."),
    "images": OptionSpec("string", "Images: none, base64 only, or URLs as well.", choices=("none", "data", "any")),
    "pdf": OptionSpec(
        "string",
        "The form in which PDF documents are sent.",
        choices=("none", "file", "file+url", "url", "document_url", "file_url"),
    ),
    "tools": OptionSpec("boolean", "Whether the server has function calling."),
    "choice_required": OptionSpec(
        "string", "The word that forces a tool call; empty: none does.", choices=("required", "any", "")
    ),
    "parallel_tool_calls": OptionSpec("boolean", "Whether the field of that name is taken."),
    "strict_tools": OptionSpec("boolean", "Whether `strict` is taken in tools."),
    "description_limit": OptionSpec("integer", "The longest tool description, in characters."),
    "temperature": OptionSpec("boolean", "Whether `temperature` is taken."),
    "top_p": OptionSpec("boolean", "Whether `top_p` is taken."),
    "top_k": OptionSpec("boolean", "Whether `top_k` is taken."),
    "stop_limit": OptionSpec("integer", "How many stop sequences are taken; ccproxy enforces the others itself."),
    "json_schema": OptionSpec("boolean", "Whether the response format `json_schema` is taken."),
    "stream_options": OptionSpec("boolean", "Whether `stream_options` is taken."),
    "thinking": OptionSpec(
        "string",
        "What controls reasoning.",
        choices=("none", "effort", "type", "enable_thinking", "reasoning", "template", "prompt_mode"),
    ),
    "efforts": OptionSpec(
        "list",
        "The levels that `reasoning_effort` takes.",
        choices=("minimal", "low", "medium", "high", "xhigh", "max", "default"),
    ),
    "effort_off": OptionSpec("string", "The level that switches reasoning off.", choices=("none", "")),
    "replay": OptionSpec(
        "string",
        "The field in which reasoning of earlier turns goes back.",
        choices=("none", "reasoning_content", "reasoning", "reasoning_details", "content", "tags", "items"),
    ),
    "think_tags": OptionSpec("boolean", "Whether an answer that begins with <think> holds reasoning there."),
    "think_unopened": OptionSpec("boolean", "Whether answers begin inside the reasoning, without its opening tag."),
}

# Of providers that speak the Responses API.
RESPONSES: dict[str, OptionSpec] = {
    "encrypted_reasoning": OptionSpec(
        "boolean", "Responses API: whether reasoning is asked for in encrypted form, to be given back later."
    ),
    "reasoning_summary": OptionSpec(
        "string",
        "Responses API: the summary of the reasoning that is asked for where a client wants to see thinking; empty: "
        "none, as OpenAI gives one to verified organizations only.",
        choices=("", "auto", "concise", "detailed"),
    ),
    "result_media": OptionSpec(
        "boolean",
        "Responses API: whether results of tools may hold images and files; else they follow as user content.",
    ),
}

AZURE: dict[str, OptionSpec] = {
    "api_version": OptionSpec(
        "string", "A dated api-version (2024-10-21) uses the deployments route; without one, the v1 route."
    ),
    "deployment": OptionSpec("string", "The deployment, where it is not called as the model is."),
}

COHERE: dict[str, OptionSpec] = {
    **{name: COMMON[name] for name in ("extra_body", "max_output_tokens", "images", "description_limit")},
    "choice_required": OptionSpec(
        "string", "Whether `tool_choice` is taken; empty: it is not.", choices=("required", "")
    ),
    "thinking": OptionSpec("string", "Whether the model has `thinking`.", choices=("none", "type")),
}
