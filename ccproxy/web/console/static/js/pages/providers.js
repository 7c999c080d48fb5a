/**
 * Providers: who there is, how each does, and what may be done with it. Keys are never here: the API does not tell them.
 */

import { get, withQuery } from "../api.js";
import { h, refresh, replace } from "../dom.js";
import { button, toggle } from "../forms.js";
import { ago, compact, count, share, time } from "../format.js";
import { icon } from "../icons.js";
import { latest, live } from "../live.js";
import { badge, card, chip, empty, head, table } from "../parts.js";
import { acting, flipping, fresh, remove } from "./acts.js";
import { providerDialog } from "./provider_form.js";
import { testDialog } from "./provider_test.js";
import { known } from "./usage_data.js";

const SECONDS = 5;
const GOES = "Its key goes with it. Routes keep their targets there, which are passed over until there is a provider of that name again. Requests that have begun end as they were.";

export default async function render({ main, signal }) {
  const body = h("div");
  const stale = h("div");
  let seen = [];
  const look = latest(() => Promise.all([get("/providers", { signal }), health(signal), spend(signal)]), show);

  const act = acting(look);
  const add = act(() => providerDialog({ taken: seen.map((one) => one.name), signal }));
  const acts = {
    edit: (one) => act(async () => providerDialog({ known: await fresh("/providers", one, signal), signal })),
    test: (one) => act(() => testDialog(one, signal)),
    remove: (one) => act(() => remove("/providers", one, GOES, signal)),
    flip: flipping("/providers", signal),
  };

  function show([providers, details, spends]) {
    seen = providers;
    if (providers.length === 0) {
      refresh(body, card({}, empty("providers", "No provider yet", "A provider is a service or a server of your own that has models. With one of them, requests are answered.",
        button("Add a provider", add, { kind: "primary", icon: icon("plus"), calm: true }))));
      return;
    }
    refresh(body, card({ flush: true }, listing({ providers, health: details, spend: spends }, acts)));
  }

  await live(look, SECONDS, signal, stale);
  replace(main, head("Providers", "Who answers requests. A change holds at once, for every request that begins after it.",
    button("Add a provider", add, { kind: "primary", icon: icon("plus"), calm: true })), stale, body);
}

function listing({ providers, health, spend }, acts) {
  return table({
    caption: "Providers",
    rows: providers,
    columns: [
      { title: "Provider", head: true, cell: (one) => h("div", {}, one.name, h("div", { class: "soft small" }, one.type)) },
      { title: "Health", cell: (one) => standing(one, health[one.name]) },
      { title: "Models", cell: models },
      { title: "Spend, 30 days", number: true, cell: (one) => spent(spend?.[one.name]) },
      { title: "On", cell: (one) => toggle(`${one.name} is on`, one.enabled, acts.flip(one)) },
      {
        title: "Actions",
        actions: true,
        cell: (one) => [
          button("Test", acts.test(one), { kind: "quiet small", calm: true, icon: icon("test"), "aria-label": `Test ${one.name}` }),
          button("Edit", acts.edit(one), { kind: "quiet small", calm: true, icon: icon("edit"), "aria-label": `Edit ${one.name}` }),
          button("", acts.remove(one), { kind: "quiet small icon", calm: true, icon: icon("trash"), "aria-label": `Delete ${one.name}`, title: "Delete" }),
        ],
      },
    ],
  });
}

function models(one) {
  if (one.models.length === 0) return h("span", { class: "soft" }, "any");
  const rest = one.models.length - 2;
  return h("div", { class: "chips" }, one.models.slice(0, 2).map((name) => chip(name)), rest > 0 ? chip(`+${rest}`, one.models.slice(2).join("\n")) : null);
}

function spent(row) {
  if (!row) return "–";
  return h("div", {}, known(row),
    h("div", { class: "small soft", title: count(row.requests) }, `${compact(row.requests)} request${row.requests === 1 ? "" : "s"}`),
    row.errors ? h("div", { class: "small soft" }, `${share(row.errors, row.requests)} failed`) : null);
}

/** How a provider does, in a word, and why. */
export function standing(one, seen) {
  const { state, until, reason, status } = one.health;
  const error = seen?.last_error;
  const said = reason ? `${reason}${status ? ` (${status})` : ""}` : null;
  let word = badge("", "not asked yet");
  let more = null;
  if (!one.enabled) word = badge("", "off");
  else if (state === "resting") [word, more] = [badge("bad", "resting"), `${said ?? ""}, until ${time(until)}`];
  else if (state === "probing") [word, more] = [badge("warn", "probing"), said];
  else if (seen && !seen.healthy) [word, more] = [badge("bad", "failing"), error?.message ?? `${error?.type ?? "error"}, ${ago(error?.time)}`];
  else if (seen?.last_success) [word, more] = [badge("good", "well"), `answered ${ago(seen.last_success)}`];
  const parts = Object.keys(one.health.targets).length;
  const keys = one.health.keys.filter((key) => key.state !== "ok").length;
  const notes = [more, parts ? `${parts} of its models rest` : null, keys && one.health.keys.length > 1 ? `${keys} of its ${one.health.keys.length} keys rest` : null];
  return h("div", {}, word, notes.filter(Boolean).map((text) => h("div", { class: "small soft" }, text)));
}

async function health(signal) {
  const { providers } = await get("/health", { signal });
  return providers?.details ?? {};
}

/** Requests and cost of each provider; null where the API keeps no account of them. */
async function spend(signal) {
  try {
    const { data } = await get(withQuery("/usage", { group_by: "provider", last: "30d" }), { signal });
    return Object.fromEntries(data.map((row) => [row.provider, row]));
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return null;
  }
}
