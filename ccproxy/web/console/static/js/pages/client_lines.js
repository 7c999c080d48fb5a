/**
 * The lines that lead a client to this ccproxy. Pure: an address, a key and a model in, text out.
 */

/** `[kind, label, lines()]` of each client; `lines()` gives blocks of text to be copied one by one. */
export function clientLines({ address, key, model }) {
  const named = model || "provider/model";
  return [
    ["claude-code", "Claude Code", () => [
      `export ANTHROPIC_BASE_URL=${address}\nexport ANTHROPIC_AUTH_TOKEN=${key}\nexport ANTHROPIC_MODEL=${named}`,
      "claude",
    ]],
    ["python", "Python", () => [
      `from anthropic import Anthropic\n\nclient = Anthropic(base_url="${address}", api_key="${key}")\nmessage = client.messages.create(\n    model="${named}", max_tokens=1000, messages=[{"role": "user", "content": "Hello!"}]\n)`,
    ]],
    ["javascript", "JavaScript", () => [
      `import Anthropic from "@anthropic-ai/sdk";\n\nconst client = new Anthropic({ baseURL: "${address}", apiKey: "${key}" });\nconst message = await client.messages.create({\n  model: "${named}", max_tokens: 1000, messages: [{ role: "user", content: "Hello!" }],\n});`,
    ]],
    ["curl", "curl", () => [
      `curl ${address}/v1/messages -H 'x-api-key: ${key}' -H 'content-type: application/json' -d '{\n  "model": "${named}", "max_tokens": 1000,\n  "messages": [{"role": "user", "content": "Hello!"}]\n}'`,
    ]],
  ];
}
