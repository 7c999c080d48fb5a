/**
 * One target's answer in the playground: its stream as it comes, how long it took, and what it cost in tokens.
 */

import { send } from "../api.js";
import { h, replace } from "../dom.js";
import { count, span } from "../format.js";
import { announce } from "../notice.js";
import { badge, card, chip, failed } from "../parts.js";
import { events } from "../stream.js";

/** A card for the answer of `model`; `ask(request, signal)` sends and shows it. */
export function answerCard(model, level = 2) {
  const state = h("span", {}, badge("info", "waiting"));
  const thinking = h("div", { class: "answer-thinking", hidden: true });
  const text = h("div", { class: "answer-text", tabindex: "0", role: "group", "aria-label": `Answer of ${model}` });
  const below = h("div", { class: "stack tight" });
  const element = card({ title: model, level, actions: [state] }, thinking, text, below);

  async function ask(request, signal) {
    const begun = performance.now();
    const seen = { first: null, usage: {}, stop: null, whole: false };
    try {
      const response = await send("POST", "/v1/messages", { ...request, model, stream: true }, { signal });
      for await (const event of events(response)) take(event, seen, begun);
      replace(state, seen.whole ? badge("good", seen.stop ?? "done") : badge("bad", "broke off"));
      replace(below, numbers(seen, performance.now() - begun), headersOf(response));
      announce(seen.whole ? `${model} has answered` : `The answer of ${model} broke off`);
    } catch (error) {
      if (error.name === "AbortError") replace(state, badge("warn", "stopped"));
      else {
        replace(state, badge("bad", "failed"));
        replace(below, failed(error));
      }
    }
  }

  function take(event, seen, begun) {
    if (event.type === "message_start") seen.usage = event.message.usage;
    if (event.type === "content_block_start" && event.content_block.type === "tool_use") text.append(`[calls ${event.content_block.name}] `);
    if (event.type === "content_block_delta") {
      if (seen.first === null) {
        seen.first = performance.now() - begun;
        replace(state, badge("info", "answering"));
      }
      const { delta } = event;
      if (delta.type === "text_delta") text.append(delta.text);
      if (delta.type === "thinking_delta") {
        thinking.hidden = false;
        thinking.append(delta.thinking);
      }
      text.scrollTop = text.scrollHeight;
    }
    if (event.type === "message_delta") {
      seen.usage = { ...seen.usage, ...event.usage };
      seen.stop = event.delta.stop_reason;
    }
    if (event.type === "message_stop") seen.whole = true;
    if (event.type === "error") throw new Error(event.error.message);
  }

  return { element, ask };
}

function numbers({ first, usage }, whole) {
  const shown = [
    ["First word", span(first)], ["Whole", span(whole)], ["Tokens in", count(usage.input_tokens)], ["Tokens out", count(usage.output_tokens)],
    ["From the cache", usage.cache_read_input_tokens ? count(usage.cache_read_input_tokens) : null],
  ];
  return h("dl", { class: "numbers" }, shown.filter(([, value]) => value !== null).map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))));
}

function headersOf(response) {
  const attempts = response.headers.get("x-ccproxy-attempts");
  const dropped = response.headers.get("x-ccproxy-dropped");
  return h("div", { class: "small soft stack tight" },
    attempts ? h("div", {}, `Asked: ${attempts}`) : null,
    dropped ? h("div", { class: "chips" }, "Got lost:", dropped.split(",").map((one) => chip(one.trim()))) : null);
}
