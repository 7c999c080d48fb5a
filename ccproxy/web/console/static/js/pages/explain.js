/**
 * What would become of a request: the decision, what each target would be sent, and what would get lost.
 */

import { post } from "../api.js";
import { codeBlock } from "../clipboard.js";
import { h, replace } from "../dom.js";
import { choice, field, form, textarea } from "../forms.js";
import { count, money, time } from "../format.js";
import { badge, card, chip, facts, failed } from "../parts.js";

const hello = [{ role: "user", content: "Hello!" }];
const SAMPLES = {
  plain: { model: "claude-sonnet-5-5", max_tokens: 1000, messages: hello },
  thinking: { model: "claude-opus-5-5", max_tokens: 4000, thinking: { type: "adaptive" }, messages: hello },
  chore: { model: "claude-haiku-4-5", max_tokens: 200, messages: hello },
  search: {
    model: "claude-sonnet-5-5", max_tokens: 1000, messages: [{ role: "user", content: "What is the news?" }],
    tools: [{ type: "web_search_20250305", name: "web_search" }],
  },
};

/** A card with a request to write and, below, what would become of it. */
export function explainBox(signal) {
  const body = textarea({ rows: "13", class: "code", value: pretty(SAMPLES.plain) });
  const result = h("div", { "aria-live": "polite" });
  const samples = choice("Samples", [["plain", "Plain"], ["thinking", "Thinking"], ["chore", "A chore"], ["search", "Web search"]], "plain",
    (name) => (body.value = pretty(SAMPLES[name])));
  return card(
    { title: "What would become of a request", lead: "Paste one as a client would send it. Nothing is sent, and no provider is asked.", actions: [samples] },
    h("div", { class: "columns" },
      form([field({ label: "Request body", control: body }), h("div", { class: "line" }, h("button", { class: "button primary", type: "submit" }, "Explain"))], async () => {
        let request;
        try {
          request = JSON.parse(body.value);
        } catch (error) {
          throw new Error(`This is not JSON: ${error.message}`);
        }
        replace(result);
        try {
          replace(result, explained(await post("/v1/messages/explain", request, { signal })));
        } catch (error) {
          replace(result, failed(error));
        }
      }),
      result),
  );
}

const pretty = (value) => JSON.stringify(value, null, 2);

function explained({ route, why, strategy, facts: known, targets }) {
  const seen = [
    known.thinking ? `thinking ${known.thinking}` : null, known.effort ? `effort ${known.effort}` : null, known.image ? "an image" : null,
    known.web_search ? "web search" : null, known.background ? "a chore" : null, `${known.agent} agent`, `about ${count(known.input_tokens)} tokens`,
  ];
  return h(
    "div",
    { class: "stack" },
    facts([
      ["Route", h("strong", {}, route)],
      ["Why", why],
      ["Seen in it", h("div", { class: "chips" }, seen.filter(Boolean).map((word) => chip(word)))],
      ["Targets", `${targets.length}, ${strategy === "fallback" ? "in this order" : strategy}`],
    ]),
    h("ol", { class: "stack tight" }, targets.map(target)),
  );
}

function target(one, place) {
  const state = { ok: badge("good", "well"), resting: badge("bad", "rests"), probing: badge("warn", "on probation") }[one.state];
  const { cost, upstream } = one;
  return h(
    "li",
    {},
    h("details", { class: "more", open: place === 0 },
      h("summary", {}, `${place + 1}. ${one.provider}/${one.model}`),
      h("div", { class: "stack tight" },
        facts([
          ["State", h("span", {}, state, one.until ? ` until ${time(one.until)}` : "", one.reason ? ` (${one.reason})` : "")],
          ["Refused", one.refused ? badge("bad", one.refused) : null],
          ["Gets lost", one.losses.length ? h("div", { class: "chips" }, one.losses.map((loss) => chip(loss))) : "nothing"],
          ["Key", one.key ? `…${one.key}` : null],
          ["Parameters", Object.keys(one.parameters).length ? h("code", {}, JSON.stringify(one.parameters)) : null],
          ["Cost", cost ? `${money(cost.input)} for the input${cost.output_at_most === null ? "" : `, at most ${money(cost.output_at_most)} for the output`}` : "not known"],
        ]),
        upstream ? [
          h("div", { class: "small mono" }, `${upstream.method} ${upstream.url}`),
          codeBlock(Object.entries(upstream.headers).map(([name, value]) => `${name}: ${value}`).join("\n"), { name: "Headers" }),
          codeBlock(typeof upstream.body === "string" ? upstream.body : pretty(upstream.body), { name: "Body" }),
        ] : h("p", { class: "soft" }, one.ready ? "Answered here, without the provider." : "Nothing would be sent."))),
  );
}
