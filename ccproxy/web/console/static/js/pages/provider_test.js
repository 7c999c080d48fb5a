/**
 * Whether a provider works: what came of a few tiny real requests.
 */

import { path, post } from "../api.js";
import { openDialog } from "../dialog.js";
import { h, replace } from "../dom.js";
import { button, field, input } from "../forms.js";
import { count, span } from "../format.js";
import { badge } from "../parts.js";
import { note } from "../notice.js";

/** Test a provider in a dialog. */
export function testDialog(one, signal) {
  const model = input({ class: "code", placeholder: one.models[0] ?? "the first that it lists" });
  const place = h("div", { "aria-live": "polite" });
  return openDialog({
    title: `Test ${one.name}`,
    signal,
    build: (close) => {
      const run = () => test(place, one.name, model.value.trim() || null, signal);
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
  });
}

/** Run the test and show what came of it in `place`: the outcome, null where there was none. */
export async function test(place, name, model, signal) {
  const started = performance.now();
  const clock = h("span", {}, "0 s");
  const timer = setInterval(() => (clock.textContent = span(performance.now() - started)), 200);
  replace(place, h("div", { class: "loading" }, "Asking … ", clock));
  try {
    const outcome = await post(path("/providers", name, "/test"), model ? { model } : {}, { signal });
    replace(place, findings(outcome));
    return outcome;
  } catch (error) {
    replace(place, note("bad", error.message));
    return null;
  } finally {
    clearInterval(timer);
  }
}

function findings({ ok, model, latency_ms: latency, models, streaming, tools, error }) {
  const listed = models.error ? models.error : null;
  return h(
    "div",
    {},
    finding(!listed, "List of models", listed, listed ? null : `${count(models.count)}: ${models.first.join(", ")}${models.count > models.first.length ? ", …" : ""}`),
    finding(ok, "Answers", error, model ? `${model}, in ${span(latency)}` : null),
    streaming ? finding(streaming.ok, "Streams", streaming.error, `first words after ${span(streaming.first_byte_ms)}, all after ${span(streaming.latency_ms)}`) : null,
    tools ? finding(tools.ok, "Calls tools", tools.error, `in ${span(tools.latency_ms)}`) : null,
  );
}

function finding(ok, what, error, detail) {
  return h(
    "div",
    { class: "finding" },
    badge(ok ? "good" : "bad", ok ? "yes" : "no"),
    h("div", {}, h("strong", {}, what), error ? h("div", { class: "soft" }, `${error.message}${error.status ? ` (${error.status})` : ""}`) : h("div", { class: "soft" }, detail)),
  );
}
