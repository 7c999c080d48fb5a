/**
 * Requests: the log, live, with filters that are in the address; one of them in detail below its own address.
 */

import { ApiError, get, send, withQuery } from "../api.js";
import { h, refresh, replace } from "../dom.js";
import { button, field, input, select } from "../forms.js";
import { compact, count, money, span, time, when } from "../format.js";
import { icon } from "../icons.js";
import { live } from "../live.js";
import { complain, note } from "../notice.js";
import { badge, card, empty, head, table } from "../parts.js";
import { href, remember } from "../router.js";
import { detail } from "./request_detail.js";

const SECONDS = 3;
const LIMIT = 50;
const FILTERS = ["last", "status", "key", "provider", "model", "route", "client", "session", "error_type", "error", "min_duration_ms", "from", "to"];
const STATUSES = [["", "any"], ["error", "failed"], ["2xx", "2xx"], ["4xx", "4xx"], ["5xx", "5xx"], ["429", "429"], ["499", "499: left"], ["529", "529"]];
const SPANS = [["", "all there is"], ["1h", "1 hour"], ["24h", "24 hours"], ["7d", "7 days"], ["30d", "30 days"]];

export default async function render({ main, rest, query, signal }) {
  if (rest) {
    await detail({ main, id: rest, signal });
    return;
  }
  const filters = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ""]));
  const body = h("div");
  const fault = h("div");
  const state = { rows: [], next: null, more: [], live: true };

  async function look() {
    if (!state.live) return;
    try {
      const answer = await get(withQuery("/logs", { ...filters, limit: LIMIT }), { signal });
      state.rows = answer.data;
      if (state.more.length === 0) state.next = answer.next;
      replace(fault);
    } catch (error) {
      if (error.name === "AbortError" || !(error instanceof ApiError)) throw error;
      replace(fault, note("bad", error.message));
    }
    show();
  }

  function show() {
    const rows = joined(state.rows, state.more);
    refresh(body, rows.length === 0
      ? card({}, empty("requests", "No request", FILTERS.some((name) => filters[name]) ? "None fits these filters." : "As soon as one is answered it stands here."))
      : card({ flush: true }, listing(rows), state.next ? h("div", { class: "line more-rows" }, button("Older ones", older, { kind: "small" })) : null));
  }

  async function older() {
    try {
      const answer = await get(withQuery("/logs", { ...filters, limit: LIMIT, cursor: state.next }), { signal });
      state.more.push(...answer.data);
      state.next = answer.next;
      show();
    } catch (error) {
      complain(error);
    }
  }

  function changed() {
    remember(filters);
    Object.assign(state, { rows: [], next: null, more: [] });
    look();
  }

  const pause = h("button", { class: "button", type: "button", "aria-pressed": "true" });
  const named = () => replace(pause, icon(state.live ? "stop" : "refresh"), state.live ? "Live" : "Paused");
  pause.addEventListener("click", () => {
    state.live = !state.live;
    pause.setAttribute("aria-pressed", String(state.live));
    named();
    look();
  });
  named();

  await live(look, SECONDS, signal);
  replace(main, head("Requests", "Each one that came, the newest first.", pause, exports(filters)), filterCard(filters, changed), fault, body);
}

/** The newest page, and the older ones behind it that were asked for; what moved from one into the other stays once. */
function joined(rows, more) {
  const seen = new Set(rows.map((row) => row.request_id));
  return [...rows, ...more.filter((row) => !seen.has(row.request_id))];
}

function filterCard(filters, changed) {
  const bound = (name, control, event = "change") => {
    control.value = filters[name];
    control.addEventListener(event, () => {
      filters[name] = control.value.trim();
      changed();
    });
    return control;
  };
  const text = (label, name, placeholder) => field({ label, control: bound(name, input({ placeholder })) });
  const rare = ["route", "client", "session", "error_type", "min_duration_ms"];
  return h("form", { class: "card", role: "search", "aria-label": "Filters", on: { submit: (event) => event.preventDefault() } },
    h("div", { class: "fields tight" },
      field({ label: "Time", control: bound("last", select(SPANS)) }),
      field({ label: "Status", control: bound("status", select(withOwn(STATUSES, filters.status))) }),
      text("Key", "key"), text("Provider", "provider"), text("Model", "model", "as it was asked for"), text("Error says", "error", "a part of its text")),
    h("details", { class: "more small", open: rare.some((name) => filters[name]) }, h("summary", {}, "More filters"),
      h("div", { class: "fields tight" },
        text("Route", "route"), text("Client", "client", "claude-cli"), text("Session", "session"), text("Type of error", "error_type", "overloaded_error"), text("At least, ms", "min_duration_ms"))));
}

const withOwn = (options, own) => (own && !options.some(([value]) => value === own) ? [...options, [own, own]] : options);

function exports(filters) {
  const link = (format) => h("a", { class: "button quiet", href: withQuery("/logs", { ...filters, format }), download: `logs.${format}` }, format.toUpperCase());
  // A download is a plain request of the browser, which has no header to say that it is the console's: fetched instead.
  const links = ["csv", "ndjson"].map((format) => {
    const element = link(format);
    element.addEventListener("click", async (event) => {
      event.preventDefault();
      try {
        await download(withQuery("/logs", { ...filters, format }), `logs.${format}`);
      } catch (error) {
        complain(error);
      }
    });
    return element;
  });
  return h("div", { class: "line" }, links);
}

async function download(address, name) {
  const blob = await (await send("GET", address)).blob();
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

function listing(rows) {
  return table({
    caption: "Requests",
    rows,
    columns: [
      { title: "When", head: true, cell: moment },
      { title: "Status", cell: (row) => status(row) },
      { title: "Key", cell: (row) => h("span", { class: "nowrap" }, row.key ?? "–") },
      { title: "Asked for", rare: true, cell: (row) => h("span", { class: "mono" }, row.model ?? "–") },
      { title: "Answered", cell: (row) => h("div", {}, h("span", { class: "mono" }, row.provider ? `${row.provider}/${row.upstream_model ?? ""}` : "–"), row.route ? h("div", { class: "small soft" }, `route ${row.route}`) : null) },
      { title: "Tokens", number: true, rare: true, cell: (row) => h("span", { title: `${count(row.input_tokens)} in, ${count(row.output_tokens)} out` }, `${compact(row.input_tokens)} → ${compact(row.output_tokens)}`) },
      { title: "Cost", number: true, cell: (row) => money(row.cost_usd) },
      { title: "Took", number: true, cell: (row) => h("div", {}, span(row.duration_ms), row.ttft_ms === null ? null : h("div", { class: "small soft" }, `first: ${span(row.ttft_ms)}`)) },
    ],
  });
}

function moment(row) {
  const [clock, date] = when(row.started_at);
  return h("div", {},
    h("a", { class: "row-link nowrap", href: href(`requests/${row.request_id}`), title: time(row.started_at) }, clock),
    date ? h("div", { class: "small soft" }, date) : null);
}

/** A request's status as a badge, with the type of its error. */
export function status(row) {
  const kind = row.status === 499 ? "warn" : row.error_type ? "bad" : "good";
  return h("div", {}, badge(kind, String(row.status)), row.error_type ? h("div", { class: "small soft" }, row.error_type) : null);
}
