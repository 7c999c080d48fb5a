/**
 * What was kept of a request's bodies, and the same request once more at another target, beside the first answer.
 */

import { get, post } from "../api.js";
import { codeBlock } from "../clipboard.js";
import { freshId, h, replace } from "../dom.js";
import { button, field, form, input } from "../forms.js";
import { count, money, span } from "../format.js";
import { badge, card, failed, facts } from "../parts.js";
import { href } from "../router.js";

/** The card for a request that was `captured`; null for others. */
export function captureCard(row, signal) {
  if (!row.captured) return null;
  const base = `/logs/${encodeURIComponent(row.request_id)}`;
  const bodies = h("div", { class: "stack" });
  const both = h("div", { class: "answers", "aria-live": "polite" });
  const show = button("Show the bodies", async () => {
    try {
      replace(bodies, shown(await get(`${base}/capture`, { signal })));
    } catch (error) {
      replace(bodies, failed(error));
    }
  }, { kind: "small" });
  return card({ title: "Bodies", lead: "Kept for a few days, encrypted, without keys. They are what somebody wrote.", actions: [show] },
    h("div", { class: "stack" }, bodies, again(base, both, signal), both));
}

function again(base, both, signal) {
  const list = freshId("targets");
  const options = h("datalist", { id: list });
  const target = input({ class: "code", list, placeholder: "provider/model" });
  target.addEventListener("focus", async () => {
    const { data } = await get("/v1/models?limit=1000", { signal }).catch(() => ({ data: [] }));
    replace(options, data.map((model) => h("option", { value: model.id })));
  }, { once: true });
  return form(
    [
      field({ label: "Send it again to", control: target, name: "target", hint: "It is counted, logged and paid for like any other." }),
      options,
      h("div", { class: "line" }, h("button", { class: "button primary", type: "submit" }, "Send again")),
    ],
    async () => {
      replace(both);
      const compared = await post(`${base}/replay`, { target: target.value.trim() }, { signal });
      replace(both, side("First", compared.original), side("Again", compared.replay));
    },
  );
}

function shown({ headers, request, answer, truncated }) {
  const text = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));
  return [
    truncated ? badge("warn", "only its beginning was kept") : null,
    h("h3", {}, "Request"),
    Object.keys(headers).length ? codeBlock(Object.entries(headers).map(([name, value]) => `${name}: ${value}`).join("\n"), { name: "Headers" }) : null,
    codeBlock(text(request), { name: "Request", wrap: true }),
    h("h3", {}, "Answer"),
    codeBlock(text(answer), { name: "Answer", wrap: true }),
  ];
}

function side(title, one) {
  const name = one.provider ? `${one.provider}/${one.model ?? ""}` : "nobody";
  return card({ title: `${title}: ${name}`, level: 3, actions: [badge(one.error ? "bad" : "good", String(one.status ?? "–"))] },
    h("div", { class: "answer-text", tabindex: "0", role: "group", "aria-label": `${title}, the answer` }, one.error ? one.error.message : words(one.message)),
    facts([
      ["First word", one.ttft_ms === null ? null : span(one.ttft_ms)],
      ["Took", span(one.duration_ms)],
      ["Tokens", `${count(one.usage.input_tokens)} in, ${count(one.usage.output_tokens)} out`],
      ["Cost", one.cost_usd === null ? "not known" : money(one.cost_usd)],
      ["Ended with", one.stop_reason],
      ["Request", h("a", { href: href(`requests/${one.request_id}`) }, one.request_id)],
    ]));
}

/** A message as text; what is no text by its kind and, of tools, its input. */
function words(message) {
  if (!message?.content) return "";
  return message.content.map((block) => {
    if (block.type === "text") return block.text;
    if (block.type === "thinking") return `[thinks] ${block.thinking}`;
    if (block.type === "tool_use") return `[calls ${block.name}] ${JSON.stringify(block.input)}`;
    return `[${block.type}]`;
  }).join("\n\n");
}
