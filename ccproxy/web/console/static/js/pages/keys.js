/**
 * Keys: who may call, how much, and what each has used. A key's secret is here once, right after it was made.
 */

import { get, path, post } from "../api.js";
import { meter } from "../charts/meter.js";
import { confirm, openDialog } from "../dialog.js";
import { h, refresh, replace } from "../dom.js";
import { button, field, form, select, toggle } from "../forms.js";
import { ago, compact, money, when } from "../format.js";
import { icon } from "../icons.js";
import { latest, live } from "../live.js";
import { complain } from "../notice.js";
import { badge, card, chip, empty, head, table } from "../parts.js";
import { signIn } from "../session.js";
import { acting, flipping, fresh, remove } from "./acts.js";
import { keyDialog } from "./key_form.js";
import { secretShown } from "./secret.js";

const SECONDS = 10;
const GOES = "It is refused from now on, and cannot be brought back; requests that have begun end as they were. What it used stays in the accounts.";
const OWN = "You are signed in with this key: with it your session ends, now. ";
const GRACE = [["86400", "for a day"], ["3600", "for an hour"], ["604800", "for a week"], ["0", "not at all: it ends now"]];

export default async function render({ main, who, signal }) {
  const body = h("div");
  const stale = h("div");
  const look = latest(() => get("/keys", { signal }), show);
  const isOwn = (key) => key.name === who.name;
  const sure = (key) => confirm({ title: `Switch ${key.name} off?`, text: `${OWN}Somebody else has to switch it on again.`, action: `Switch ${key.name} off`, danger: true, signal });
  const flip = flipping("/keys", signal);
  const act = acting(look);
  const add = act(async () => {
    const key = await keyDialog({ signal });
    if (key) await secretDialog(key);
  });
  const acts = {
    edit: (key) => act(async () => keyDialog({ known: await fresh("/keys", key, signal), signal })),
    rotate: (key) => act(() => rotate(key, isOwn(key), signal)),
    remove: (key) => act(() => remove("/keys", key, (isOwn(key) ? OWN : "") + GOES, signal, ["Revoke", "revoked"])),
    flip: (key) => async () => (key.enabled && isOwn(key) && !(await sure(key)) ? key.enabled : flip(key)()),
  };

  function show(keys) {
    if (keys.length === 0) {
      refresh(body, card({}, empty("keys", "No key yet", "With a key for each person or program you see who uses what, and can set limits and budgets.",
        button("Make a key", add, { kind: "primary", icon: icon("plus"), calm: true }))));
      return;
    }
    refresh(body, card({ flush: true }, listing(keys, who, acts)));
  }

  await live(look, SECONDS, signal, stale);
  replace(main, head("Keys", "Who may call, as whom, and how much. Limits and budgets hold over all workers, from the next request on.",
    button("Make a key", add, { kind: "primary", icon: icon("plus"), calm: true })), stale, body);
}

function listing(keys, who, acts) {
  return table({
    caption: "Keys",
    rows: keys,
    columns: [
      { title: "Key", head: true, cell: (key) => h("div", {}, key.name, key.name === who.name ? h("span", { class: "small soft" }, " (yours)") : null,
        h("div", { class: "small soft" }, h("code", {}, `${key.prefix}…`)), key.owner ? h("div", { class: "small soft" }, key.owner) : null) },
      { title: "State", cell: state },
      { title: "May", cell: may },
      { title: "Budgets", cell: budgets },
      { title: "This month", number: true, cell: (key) => h("div", {}, money(key.spend.month.cost_usd), h("div", { class: "small soft" }, `${compact(key.spend.month.tokens)} tokens`), h("div", { class: "small soft" }, `${compact(key.spend.month.requests)} requests`)) },
      { title: "On", cell: (key) => toggle(`${key.name} is on`, key.enabled, acts.flip(key)) },
      {
        title: "Actions",
        actions: true,
        cell: (key) => [
          button("", acts.edit(key), { kind: "quiet small icon", icon: icon("edit"), calm: true, "aria-label": `Edit ${key.name}`, title: "Edit" }),
          button("", acts.rotate(key), { kind: "quiet small icon", icon: icon("rotate"), calm: true, "aria-label": `Rotate ${key.name}`, title: "Rotate" }),
          button("", acts.remove(key), { kind: "quiet small icon", icon: icon("trash"), calm: true, "aria-label": `Revoke ${key.name}`, title: "Revoke" }),
        ],
      },
    ],
  });
}

function state(key) {
  const ended = key.expires_at && Date.parse(key.expires_at) <= Date.now();
  const word = !key.enabled ? badge("", "off") : ended ? badge("bad", "expired") : badge("good", "active");
  const notes = [
    key.last_used_at ? `used ${ago(key.last_used_at)}` : "never used",
    key.expires_at && !ended ? `ends ${ago(key.expires_at)}` : null,
    key.former ? `old secret until ${when(key.former.until).filter(Boolean).join(", ")}` : null,
  ];
  return h("div", {}, word, notes.filter(Boolean).map((text) => h("div", { class: "small soft" }, text)));
}

function may(key) {
  const limits = [
    key.requests_per_minute ? `${compact(key.requests_per_minute)} requests/min` : null,
    key.tokens_per_minute ? `${compact(key.tokens_per_minute)} tokens/min` : null,
    key.concurrent_requests ? `${key.concurrent_requests} at once` : null,
    key.capture === "off" ? null : `bodies kept of ${key.capture === "all" ? "all requests" : "failures"}`,
    key.addresses.length ? `from ${key.addresses.join(", ")}` : null,
  ].filter(Boolean);
  return h("div", { class: "stack tight" },
    h("div", { class: "chips" }, badge(key.role === "admin" ? "info bare" : "bare", key.role), key.models.length ? key.models.map((model) => chip(model)) : chip("any model")),
    limits.length ? h("div", { class: "small soft" }, limits.join(" · ")) : null);
}

function budgets(key) {
  const { day, month } = key.spend;
  const shown = [
    ["Today", day.cost_usd, key.daily_budget_usd, money], ["This month", month.cost_usd, key.monthly_budget_usd, money],
    ["Tokens today", day.tokens, key.daily_token_budget, compact], ["Tokens this month", month.tokens, key.monthly_token_budget, compact],
  ].filter(([, , all]) => all !== null);
  return shown.length ? h("div", { class: "stack tight" }, shown.map(([label, used, all, format]) => meter(label, used, all, format))) : h("span", { class: "soft" }, "none");
}

/** Shows the one copy of a secret, so it stays until that was taken, whatever becomes of the page below. */
function secretDialog(key) {
  return openDialog({
    title: `The key ${key.name}`,
    firm: true,
    build: (close) => ({
      main: [secretShown(key)],
      foot: [h("button", { class: "button", type: "button", on: { click: () => close() } }, "I have it")],
    }),
  });
}

function rotate(key, own, signal) {
  return openDialog({
    title: `Rotate ${key.name}`,
    size: "slim",
    signal,
    build: (close) => {
      const grace = select(GRACE, {});
      return {
        main: [form([
          h("p", {}, "It gets a new secret. All else stays: its limits, its budgets, what it has used."),
          own ? h("p", {}, "You are signed in with this key, and stay so with its new secret.") : null,
          field({ label: "The old secret is still taken", control: grace, name: "grace_seconds" }),
          h("div", { class: "line form-actions" },
            h("button", { class: "button primary", type: "submit" }, "Rotate"),
            h("button", { class: "button", type: "button", on: { click: () => close() } }, "Cancel")),
        ], async () => {
          // Not given up with the page: what is answered here is nowhere else.
          const rotated = await post(path("/keys", key.name, "/rotate"), { grace_seconds: Number(grace.value) });
          if (own) await signIn(rotated.secret).catch(complain);
          close();
          await secretDialog(rotated);
        })],
      };
    },
  });
}
