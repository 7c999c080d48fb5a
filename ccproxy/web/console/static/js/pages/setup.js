/**
 * From nothing to the first answer: a provider, a key, the lines to copy, a message.
 */

import { ApiError, get, post } from "../api.js";
import { codeBlock } from "../clipboard.js";
import { h, replace } from "../dom.js";
import { button, choice, field, form, free, input } from "../forms.js";
import { note } from "../notice.js";
import { badge, card, head, linkButton } from "../parts.js";
import { href } from "../router.js";
import { answerCard } from "./answer.js";
import { providerForm } from "./provider_form.js";
import { test } from "./provider_test.js";
import { secretShown } from "./secret.js";
import { clientLines } from "./client_lines.js";

export default async function render({ main, signal, who }) {
  const [providers, presets, keys] = await Promise.all([get("/providers", { signal }), get("/presets", { signal }), keysOf(signal)]);
  const known = { provider: providers.find((one) => one.enabled) ?? null, secret: null, model: "", who };
  const places = { provider: h("div"), key: h("div"), lines: h("div"), message: h("div") };

  function later() {
    known.model = known.provider ? `${known.provider.name}/${known.provider.models[0] ?? known.tested ?? ""}` : "";
    replace(places.lines, lines(known));
    replace(places.message, message(known, signal));
  }

  providerStep(places.provider, known, { presets, providers, signal, later });
  keyStep(places.key, known, { keys, signal, later });
  later();
  replace(
    main,
    head("Set-up", "Four steps from nothing to the first answer."),
    h("ol", { class: "steps" },
      step(1, "Add a provider", places.provider), step(2, "Make a key for whoever is to use it", places.key),
      step(3, "Tell the client", places.lines), step(4, "Send a message", places.message)),
  );
}

const step = (number, title, place) =>
  h("li", { class: "step" }, h("div", { class: "step-number", "aria-hidden": "true" }, number), h("div", { class: "step-body" }, h("h2", {}, title), place));

function providerStep(place, known, { presets, providers, signal, later }) {
  const done = (provider) => {
    known.provider = provider;
    const tested = h("div", { "aria-live": "polite" });
    const run = button("Test it", async () => {
      const outcome = await test(tested, provider.name, null, signal);
      if (outcome?.model) known.tested = outcome.model;
      later();
    }, { kind: "small" });
    replace(place, card({}, h("div", { class: "line" }, badge("good", "there"), h("strong", {}, provider.name), h("code", {}, provider.api_base_url), run,
      linkButton(href("providers"), "All providers", "quiet small")), tested));
    later();
    run.focus({ preventScroll: true });
    run.click();
  };
  if (known.provider) {
    replace(place, card({}, h("div", { class: "line" }, badge("good", "there"), providers.map((one) => h("strong", {}, one.name)), linkButton(href("providers"), "All providers", "quiet small"))));
    return;
  }
  replace(place, card({}, providerForm({ presets, taken: providers.map((one) => one.name), signal, done })));
}

/** The keys there are, null where this ccproxy has none but the configured one. */
async function keysOf(signal) {
  try {
    return await get("/keys", { signal });
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

function keyStep(place, known, { keys, signal, later }) {
  if (keys === null) {
    replace(place, card({}, h("p", {}, known.who.name === "local" ? "Callers on this machine need none." : "Clients use the key that you signed in with.")));
    return;
  }
  const name = input({ value: free("first", keys.map((key) => key.name)), class: "code" });
  const made = form(
    [
      known.who.name === "local" ? note("", "Callers on this machine need no key. Those from elsewhere do; and with keys you see who uses what, and can set limits.") : null,
      keys.length ? h("p", { class: "soft" }, `There ${keys.length === 1 ? "is one" : `are ${keys.length}`} already.`) : null,
      field({ label: "Name", control: name, name: "name", hint: "Whose it is, or what for." }),
      h("div", { class: "line" }, h("button", { class: "button primary", type: "submit" }, "Make the key"), linkButton(href("keys"), "All keys", "quiet")),
    ],
    async () => {
      const key = await post("/keys", { name: name.value.trim() }, { signal });
      known.secret = key.secret;
      replace(place, card({}, secretShown(key)));
      place.querySelector("input").focus({ preventScroll: true });
      later();
    },
  );
  replace(place, card({}, made));
}

function lines(known) {
  const place = h("div", { class: "stack tight" });
  const address = location.origin;
  const kinds = clientLines({ address, key: known.secret ?? (known.who.name === "local" ? "local" : "YOUR_KEY"), model: known.model });
  const show = (kind) => replace(place, kinds.find(([name]) => name === kind)[2]().map((text) => codeBlock(text, { name: kind })));
  show(kinds[0][0]);
  const near = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  return card(
    {},
    h("div", { class: "stack tight" },
      h("div", {}, choice("Client", kinds.map(([kind, label]) => [kind, label]), kinds[0][0], show)),
      place,
      near ? h("p", { class: "hint" }, "This is the address on this machine. On others, put this machine's name or address in its place.") : null),
  );
}

function message(known, signal) {
  if (!known.provider) return card({}, h("p", { class: "soft" }, "Once there is a provider."));
  const model = input({ value: known.model, class: "code" });
  const text = input({ value: "Say hello in one sentence." });
  const place = h("div");
  return card(
    { attributes: { class: "stack" } },
    form(
      [
        h("div", { class: "fields" }, field({ label: "Target", control: model, name: "model" }), field({ label: "Message", control: text })),
        h("div", { class: "line" }, h("button", { class: "button primary", type: "submit" }, "Send"), linkButton(href("playground"), "More in the playground", "quiet")),
      ],
      async () => {
        const answer = answerCard(model.value.trim(), 3);
        replace(place, answer.element);
        await answer.ask({ max_tokens: 512, messages: [{ role: "user", content: text.value }] }, signal);
      },
    ),
    place,
  );
}
