/**
 * Whether a provider works: what came of a few tiny real requests.
 */

import { path, send } from "../api.js";
import { openDialog } from "../dialog.js";
import { h, replace } from "../dom.js";
import { button, field, input } from "../forms.js";
import { count, span } from "../format.js";
import { badge } from "../parts.js";
import { note } from "../notice.js";
import { lines } from "../stream.js";

/** Test a provider in a dialog. */
export function testDialog(one, signal) {
  const model = input({ class: "code", placeholder: one.models[0] ?? "the first that it lists" });
  const place = h("div", { "aria-live": "polite" });
  const closed = new AbortController();
  const end = AbortSignal.any([closed.signal, signal]);
  return openDialog({
    title: `Test ${one.name}`,
    signal,
    build: (close) => {
      const run = () => test(place, one.name, model.value.trim() || null, end);
      const again = button("Test", run, { kind: "primary" });
      queueMicrotask(() => again.click());
      return {
        main: [
          h("p", { class: "soft" }, "Sends a few tiny real requests: its list of models, one word, one word as a stream, and a call of a tool."),
          field({ label: "Model", control: model }),
          place,
        ],
        foot: [h("button", { class: "button", type: "button", on: { click: () => close() } }, "Close"), again],
      };
    },
  }).finally(() => closed.abort());
}

/** Run the test and show in `place` what comes of it, as it comes: the outcome, null where there was none. */
export async function test(place, name, model, signal) {
  const started = performance.now();
  const clock = h("span", {}, "0 s");
  const timer = setInterval(() => (clock.textContent = span(performance.now() - started)), 200);
  const found = h("div");
  const waiting = h("div", { class: "loading" }, h("span", {}, "Asking … ", clock));
  replace(place, found, waiting);
  let outcome = null;
  try {
    const options = { signal, headers: { accept: "application/x-ndjson" } };
    const response = await send("POST", path("/providers", name, "/test"), model ? { model } : {}, options);
    for await (const one of lines(response)) {
      if (one.finding === "error") throw new Error(one.message);
      if (one.finding === "outcome") outcome = one;
      else found.append(SHOWN[one.finding](one));
    }
    if (outcome?.error && !found.querySelector("[data-finding=answer]")) found.append(SHOWN.answer(outcome));
  } catch (error) {
    if (error.name !== "AbortError") found.append(note("bad", error.message));
  } finally {
    clearInterval(timer);
    waiting.remove();
  }
  return outcome;
}

const SHOWN = {
  models: ({ count: listed, first, error }) => finding(!error, "List of models", error, `${count(listed)}: ${first.join(", ")}${listed > first.length ? ", …" : ""}`),
  answer: ({ ok, error, latency_ms: latency }) => finding(ok, "Answers", error, `in ${span(latency)}`, "answer"),
  streaming: ({ ok, error, first_byte_ms: first, latency_ms: latency }) => finding(ok, "Streams", error, `first words after ${span(first)}, all after ${span(latency)}`),
  tools: ({ ok, error, latency_ms: latency }) => finding(ok, "Calls tools", error, `in ${span(latency)}`),
};

function finding(ok, what, error, detail, name = null) {
  return h(
    "div",
    { class: "finding", dataset: name ? { finding: name } : {} },
    badge(ok ? "good" : "bad", ok ? "yes" : "no"),
    h("div", {}, h("strong", {}, what), error ? h("div", { class: "soft" }, `${error.message}${error.status ? ` (${error.status})` : ""}`) : h("div", { class: "soft" }, detail)),
  );
}
