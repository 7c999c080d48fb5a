/**
 * The audit: what was changed and who was refused, by whom, from where, and how. Nothing here changes anything.
 */

import { get } from "../api.js";
import { h, refresh, replace } from "../dom.js";
import { button } from "../forms.js";
import { time, when } from "../format.js";
import { live } from "../live.js";
import { complain } from "../notice.js";
import { badge, card, empty, head, table } from "../parts.js";
import { remember } from "../router.js";
import { filterCard, filterFields } from "./filters.js";
import { paged } from "./paged.js";

const SECONDS = 10;
const LIMIT = 50;
const FILTERS = ["last", "actor", "action", "subject"];
const HOURS = { "1h": 1, "24h": 24, "7d": 7 * 24, "30d": 30 * 24 };
const KINDS = ["provider", "route", "key", "price"];
const ACTIONS = [
  "sign_in.refused", ...KINDS.flatMap((kind) => ["create", "change", "toggle", "delete"].map((verb) => `${kind}.${verb}`)).filter((name) => name !== "price.toggle"),
  "route.reorder", "key.rotate", "secrets.rotate", "database.migrate", "database.restore",
];
const COLOURS = { create: "good", delete: "bad", refused: "warn" };

export default async function render({ main, query, signal }) {
  const filters = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ""]));
  const trail = paged("/audit", () => asked(filters), LIMIT, signal, show);
  const body = h("div");
  const stale = h("div");

  function show() {
    const events = trail.rows();
    refresh(body, events.length === 0
      ? card({}, empty("audit", "Nothing", FILTERS.some((name) => filters[name]) ? "Nothing fits these filters." : "Whatever administrators change stands here afterwards, and who was refused."))
      : card({ flush: true }, listing(events), trail.more() ? h("div", { class: "line more-rows" }, button("Older ones", () => trail.older().catch(complain), { kind: "small" })) : null));
  }

  function changed() {
    remember(filters);
    trail.restart();
    trail.look().catch(complain);
  }

  const { text, choice, ago } = filterFields(filters, changed);
  const keys = async () => ["key", "local", "cli", ...(await get("/keys", { signal })).map((one) => one.name)];
  await live(trail.look, SECONDS, signal, stale);
  replace(
    main,
    head("Audit", "What was changed, by whom and from where, and who was refused. Nobody can change or delete it, from here or elsewhere."),
    filterCard([ago(), choice("What", "action", [["", "anything"], ...ACTIONS.map((name) => [name, words(name)])]), text("Who", "actor", "any key", keys), text("On what", "subject", "a name")]),
    stale,
    body,
  );
}

/** The filters as the API takes them: from a moment on. */
function asked({ last, ...names }) {
  return { ...names, from: last in HOURS ? new Date(Date.now() - HOURS[last] * 3_600_000).toISOString() : null };
}

const words = (action) => action.replace(/[._]/g, " ");

function listing(events) {
  return table({
    caption: "Audit",
    rows: events,
    columns: [
      { title: "When", head: true, cell: moment },
      { title: "Who", cell: (event) => h("div", {}, event.actor || h("span", { class: "soft" }, event.action === "sign_in.refused" ? "unknown" : "ccproxy"), event.address ? h("div", { class: "small soft nowrap" }, event.address) : null) },
      { title: "What", cell: (event) => badge(`bare whole ${COLOURS[event.action.split(".")[1]] ?? ""}`, words(event.action)) },
      { title: "On what", cell: (event) => (event.subject ? h("strong", {}, event.subject) : "–") },
      { title: "How", cell: how },
    ],
  });
}

function moment(event) {
  const [clock, date] = when(event.at);
  return h("div", { title: time(event.at) }, h("span", { class: "nowrap" }, clock), date ? h("div", { class: "small soft nowrap" }, date) : null);
}

/** Each field as it was and as it is; of what is new or gone all that is worth a word, folded away. */
function how({ before, after, detail }) {
  const names = Object.keys({ ...before, ...after });
  const lines = names.filter((name) => before && after ? true : !isNothing((before ?? after)[name])).map((name) => h("div", { class: "change" },
    h("span", { class: "soft" }, name), " ",
    before ? h("del", {}, shown(before[name])) : null, before && after ? " → " : null, after ? h("ins", {}, shown(after[name])) : null));
  const folded = lines.length > 0 && !(before && after);
  return h("div", { class: "changes small" },
    folded ? h("details", { class: "more" }, h("summary", {}, after ? "As it was made" : "As it was"), lines) : lines,
    detail ? h("div", { class: "soft" }, detail) : null);
}

const isNothing = (value) => value === null || value === "" || (typeof value === "object" && Object.keys(value).length === 0);

function shown(value) {
  if (isNothing(value) || value === undefined) return "nothing";
  if (typeof value !== "object") return String(value);
  // Lists of plain things and small objects are read more easily without their marks.
  const parts = Array.isArray(value) ? value.map((one) => ["", one]) : Object.entries(value);
  if (parts.some(([, one]) => one !== null && typeof one === "object")) return JSON.stringify(value);
  return parts.map(([name, one]) => (name ? `${name} ${one}` : String(one))).join(", ");
}
