/**
 * Requests: the log, live, with filters that are in the address; one of them in detail below its own address.
 */

import { get, send, withQuery } from "../api.js";
import { h, refresh, replace } from "../dom.js";
import { button } from "../forms.js";
import { compact, count, megabytes, money, span, time, when } from "../format.js";
import { live } from "../live.js";
import { complain, note } from "../notice.js";
import { badge, card, empty, head, table } from "../parts.js";
import { href, remember } from "../router.js";
import { filterCard, filterFields } from "./filters.js";
import { paged } from "./paged.js";
import { detail } from "./request_detail.js";

const SECONDS = 3;
const LIMIT = 50;
const RARE = ["route", "client", "session", "error_type", "min_duration_ms"];
const FILTERS = ["last", "status", "key", "provider", "model", "error", ...RARE, "from", "to"];
const STATUSES = [["", "any"], ["error", "failed"], ["2xx", "2xx"], ["4xx", "4xx"], ["5xx", "5xx"], ["429", "429"], ["499", "499: left"], ["529", "529"]];

export default async function render({ main, rest, query, signal }) {
  if (rest) {
    await detail({ main, id: rest, signal });
    return;
  }
  const filters = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ""]));
  const log = paged("/logs", () => filters, LIMIT, signal, show);
  const body = h("div");
  const fault = h("div");
  const stale = h("div");
  let running = true;

  async function look() {
    if (!running) return;
    try {
      await log.look();
      replace(fault);
    } catch (error) {
      if (error.status !== 400) throw error; // a filter that is none is said, and can be put right
      replace(fault, note("bad", error.message));
    }
  }

  function show() {
    const rows = log.rows();
    const further = log.more() ? button(rows.length ? "Older ones" : "Look further back", () => log.older().catch(complain), { kind: "small" }) : null;
    refresh(body, rows.length === 0
      ? card({}, empty("requests", "No request", nothing(filters, log.more()), further))
      : card({ flush: true }, listing(rows), further ? h("div", { class: "line more-rows" }, further) : null));
  }

  function changed() {
    remember(filters);
    log.restart();
    running = true;
    named();
    look().catch(complain);
  }

  const pause = h("button", { class: "button", type: "button" });
  function named() {
    pause.setAttribute("aria-pressed", String(running));
    replace(pause, h("span", { class: running ? "pulse" : "pulse off", "aria-hidden": "true" }), running ? "Live" : "Paused");
  }
  pause.addEventListener("click", () => {
    running = !running;
    named();
    look().catch(complain);
  });
  named();

  await live(look, SECONDS, signal, stale);
  replace(main, head("Requests", "Each one that came, the newest first.", pause, exports(filters, signal)), filtersOf(filters, changed, signal), stale, fault, body);
}

function nothing(filters, more) {
  if (more) return "None of those that were looked at fits these filters; there are older ones.";
  return FILTERS.some((name) => filters[name]) ? "None fits these filters." : "As soon as one is answered it stands here. The set-up page has the lines for a client, and can send one.";
}

function filtersOf(filters, changed, signal) {
  const { text, choice, ago } = filterFields(filters, changed);
  const names = (kind) => async () => (await get(kind, { signal })).map((one) => one.name);
  return filterCard(
    [
      ago(), choice("Status", "status", STATUSES), text("Key", "key", "any", names("/keys")),
      text("Provider", "provider", "any", names("/providers")), text("Model", "model", "any"), text("Error says", "error", "part of it"),
    ],
    [
      text("Route", "route", "any", names("/routes")), text("Client", "client", "claude-cli"), text("Session", "session", "any"),
      text("Type of error", "error_type", "overloaded_error"), text("At least, ms", "min_duration_ms", "30000"),
    ],
    RARE.some((name) => filters[name]),
  );
}

function exports(filters, signal) {
  const link = (format) => h("a", { class: "button quiet", href: withQuery("/logs", { ...filters, format }), download: `logs.${format}` }, format.toUpperCase());
  // A download is a plain request of the browser, which has no header to say that it is the console's: fetched instead.
  const links = ["csv", "ndjson"].map((format) => {
    const element = link(format);
    let running = null;
    element.addEventListener("click", async (event) => {
      event.preventDefault();
      if (running) {
        running.abort();
        return;
      }
      running = new AbortController();
      const told = (bytes) => replace(element, `Stop (${megabytes(bytes)})`);
      try {
        await download(withQuery("/logs", { ...filters, format }), `logs.${format}`, AbortSignal.any([running.signal, signal]), told);
      } catch (error) {
        complain(error);
      }
      running = null;
      replace(element, format.toUpperCase());
    });
    return element;
  });
  return h("div", { class: "line" }, links);
}

/** Have the browser save what is at an address; `told(bytes)` hears how much has come so far. */
async function download(address, name, signal, told) {
  const response = await send("GET", address, undefined, { signal });
  let size = 0;
  const counted = new TransformStream({
    transform(part, rest) {
      told((size += part.byteLength));
      rest.enqueue(part);
    },
  });
  const blob = await new Response(response.body.pipeThrough(counted)).blob();
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
      { title: "Model", cell: models },
      { title: "Tokens", number: true, rare: true, cell: tokens },
      { title: "Cost", number: true, cell: (row) => money(row.cost_usd) },
      { title: "Took", number: true, cell: (row) => h("div", {}, span(row.duration_ms), row.ttft_ms === null ? null : h("div", { class: "small soft" }, `first: ${span(row.ttft_ms)}`)) },
    ],
  });
}

function models({ model, provider, upstream_model: own, route }) {
  const answered = provider ? `${provider}/${own ?? ""}` : "nobody";
  return h("div", { class: "wraps" }, h("div", { class: "mono" }, model ?? "–"),
    h("div", { class: "small soft" }, answered === model ? null : h("span", { class: "mono" }, `→ ${answered} `), route ? `route ${route}` : null));
}

function tokens({ input_tokens: input, output_tokens: output }) {
  if (input === null && output === null) return "–";
  return h("span", { title: `${count(input)} in, ${count(output)} out` }, `${compact(input)} → ${compact(output)}`);
}

function moment(row) {
  const [clock, date] = when(row.started_at);
  return h("div", {},
    h("a", { class: "row-link nowrap", href: href(`requests/${row.request_id}`), title: time(row.started_at) }, clock),
    date ? h("div", { class: "small soft nowrap" }, date) : null);
}

/** A request's status as a badge, with the type of its error. */
export function status(row) {
  const kind = row.status === 499 ? "warn" : row.error_type ? "bad" : "good";
  return h("div", {}, badge(kind, String(row.status)), row.error_type ? h("div", { class: "small soft" }, row.error_type) : null);
}
