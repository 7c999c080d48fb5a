/**
 * The lines that lead a client to this ccproxy. Pure: an address, a key and a model in, text out. Whatever a model is
 * called, its name stays one word of the shell and one string of the language: people paste these lines.
 */

/** `[kind, label, lines()]` of each client; `lines()` gives blocks of text to be copied one by one. */
export function clientLines({ address, key, model }) {
  const named = model || "provider/model";
  // A string of JSON is one of Python and of JavaScript too.
  const quoted = JSON.stringify;
  const body = `{\n  "model": ${quoted(named)}, "max_tokens": 1000,\n  "messages": [{"role": "user", "content": "Hello!"}]\n}`;
  return [
    ["claude-code", "Claude Code", () => [
      `export ANTHROPIC_BASE_URL=${word(address)}\nexport ANTHROPIC_AUTH_TOKEN=${word(key)}\nexport ANTHROPIC_MODEL=${word(named)}`,
      "claude",
    ]],
    ["python", "Python", () => [
      `from anthropic import Anthropic\n\nclient = Anthropic(base_url=${quoted(address)}, api_key=${quoted(key)})\nmessage = client.messages.create(\n    model=${quoted(named)}, max_tokens=1000, messages=[{"role": "user", "content": "Hello!"}]\n)`,
    ]],
    ["javascript", "JavaScript", () => [
      `import Anthropic from "@anthropic-ai/sdk";\n\nconst client = new Anthropic({ baseURL: ${quoted(address)}, apiKey: ${quoted(key)} });\nconst message = await client.messages.create({\n  model: ${quoted(named)}, max_tokens: 1000, messages: [{ role: "user", content: "Hello!" }],\n});`,
    ]],
    ["curl", "curl", () => [
      `curl ${word(`${address}/v1/messages`)} -H ${word(`x-api-key: ${key}`)} -H 'content-type: application/json' -d ${word(body)}`,
    ]],
  ];
}

/** A text as one word of a shell. */
const word = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
