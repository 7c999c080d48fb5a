/**
 * Making and changing a key: who it is for, what it may do, and how much.
 */

import { path, post, put } from "../api.js";
import { openDialog } from "../dialog.js";
import { h } from "../dom.js";
import { changes, field, form, input, number, select } from "../forms.js";
import { say } from "../notice.js";

const LIMITS = [
  ["requests_per_minute", "Requests a minute"], ["tokens_per_minute", "Tokens a minute"], ["concurrent_requests", "Requests at once"],
];
const BUDGETS = [
  ["daily_budget_usd", "USD a day"], ["monthly_budget_usd", "USD a month"], ["daily_token_budget", "Tokens a day"], ["monthly_token_budget", "Tokens a month"],
];

/** Open the form in a dialog, for a `known` key or a new one; the key that was saved, a new one with its secret. */
export function keyDialog({ known = null, signal }) {
  return openDialog({
    title: known ? `Change ${known.name}` : "Make a key",
    signal,
    build: (close) => ({ main: [keyForm({ known, signal, done: close, cancel: () => close() })] }),
  });
}

function keyForm({ known, signal, done, cancel }) {
  const name = input({ value: known?.name ?? "", readOnly: known !== null, maxlength: 63, class: "code" });
  const owner = input({ value: known?.owner ?? "" });
  const role = select([["member", "member: sends requests, sees its own usage"], ["admin", "admin: may do everything"]], { value: known?.role ?? "member" });
  const models = input({ value: (known?.models ?? []).join(", "), class: "code", placeholder: "any" });
  const addresses = input({ value: (known?.addresses ?? []).join(", "), class: "code", placeholder: "any that is allowed" });
  const expires = input({ type: "datetime-local", value: known?.expires_at ? local(known.expires_at) : "" });
  const capture = select([["off", "off"], ["errors", "of requests that fail"], ["all", "of all requests"]], { value: known?.capture ?? "off" });
  const numbers = Object.fromEntries([...LIMITS, ...BUDGETS].map(([key]) => [key, input({ inputmode: "decimal", value: known?.[key] ?? "", placeholder: "no limit" })]));
  const all = (pairs) => pairs.map(([key, label]) => field({ label, control: numbers[key], name: key }));
  const rare = known && (known.models.length || known.addresses.length || known.expires_at || known.capture !== "off");

  const given = () => ({
    owner: owner.value.trim() || null, role: role.value, models: list(models.value), addresses: list(addresses.value),
    expires_at: expires.value ? new Date(expires.value).toISOString() : null, capture: capture.value,
    ...Object.fromEntries(Object.entries(numbers).map(([key, control]) => [key, number(control.value)])),
  });
  const before = known && given();

  return form(
    [
      h("div", { class: "fields" },
        field({ label: "Name", control: name, name: "name", hint: known ? "A key keeps its name, by which it is accounted." : "1 to 63 of a-z 0-9 . _ -" }),
        field({ label: "Owner", control: owner, name: "owner", hint: "A person, a team, a program; for you to know." }),
        field({ label: "Role", control: role, name: "role", wide: true })),
      group("Limits", "Over them a request is answered with 429, and when to come back.", all(LIMITS)),
      group("Budgets", "Over them a request is answered with 402. Days and months are those of UTC.", all(BUDGETS)),
      h("details", { class: "more", open: Boolean(rare) },
        h("summary", {}, "More: models, addresses, expiry, capture"),
        h("div", { class: "fields" },
          field({ label: "Models", control: models, name: "models", hint: "Patterns such as groq/*, with commas between them." }),
          field({ label: "Addresses", control: addresses, name: "addresses", hint: "Networks such as 10.0.0.0/8." }),
          field({ label: "Ends", control: expires, name: "expires_at", hint: "In your own time. Empty: never." }),
          field({ label: "Capture of bodies", control: capture, name: "capture", hint: "Keeps requests and answers, encrypted, for a few days." }))),
      h("div", { class: "line form-actions" },
        h("button", { class: "button primary", type: "submit" }, known ? "Save" : "Make the key"),
        h("button", { class: "button", type: "button", on: { click: cancel } }, "Cancel")),
    ],
    async () => {
      const saved = known
        ? await put(path("/keys", known.name), changes(before, given()), { signal })
        : await post("/keys", { name: name.value.trim(), ...given() }, { signal });
      done(saved);
      if (known) say(`${saved.name} is changed`);
    },
  );
}

const group = (title, hint, fields) => h("fieldset", { class: "field" }, h("legend", {}, title), h("div", { class: "hint" }, hint), h("div", { class: "fields" }, fields));
const list = (text) => text.split(",").map((one) => one.trim()).filter(Boolean);

function local(moment) {
  const date = new Date(moment);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
