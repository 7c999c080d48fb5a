/**
 * The overview: how much, how well and for how much, over a time that is chosen, live.
 */

import { get } from "../api.js";
import { strip } from "../charts/strip.js";
import { timeChart } from "../charts/time_chart.js";
import { h, refresh, replace } from "../dom.js";
import { choice } from "../forms.js";
import { compact, count, counted, money, moneyExactly, share, span, spanBrief, spanExactly } from "../format.js";
import { latest, live } from "../live.js";
import { complain, note } from "../notice.js";
import { card, empty, head, linkButton, table } from "../parts.js";
import { href, remember } from "../router.js";
import { standing } from "./providers.js";
import { hours, known, RANGES, series, usage, within } from "./usage_data.js";

const SECONDS = 5;
const DIMENSIONS = { provider: "By provider", key: "By key", model: "By model" };

export default async function render({ main, query, signal }) {
  const chosen = {
    range: query.get("last") in RANGES ? query.get("last") : "24h",
    by: query.get("by") in DIMENSIONS ? query.get("by") : "provider",
  };
  const places = { stale: h("div"), notes: h("div"), tiles: h("div"), health: h("div"), groups: h("div") };
  const charts = chartsOf();
  places.charts = h("div", { class: "columns" }, charts.elements);
  const ask = () => Promise.all([get("/providers", { signal }), get("/health", { signal }), hours(signal), usage(chosen.range, chosen.by, signal)]);
  const look = latest(ask, ([providers, health, strips, data]) => {
    refresh(places.notes, notes(providers, data));
    const nothing = data.totals.requests === 0;
    refresh(places.tiles, nothing ? card({}, quiet(chosen.range)) : tiles(data.totals));
    places.charts.hidden = nothing;
    refresh(places.health, healthCard(providers, health.providers?.details ?? {}, strips));
    charts.update(data);
    refresh(places.groups, groupsCard(data, chosen.by));
  });

  const choose = (name) => (value) => {
    chosen[name] = value;
    remember({ last: chosen.range, by: chosen.by });
    look().catch(complain);
  };

  await live(look, SECONDS, signal, places.stale);
  replace(
    main,
    head("Overview", null,
      choice("Grouped", Object.entries(DIMENSIONS), chosen.by, choose("by")),
      choice("Time", Object.entries(RANGES), chosen.range, choose("range"))),
    places.stale,
    places.notes,
    places.tiles,
    places.health,
    places.charts,
    places.groups,
  );
}

function notes(providers, { totals }) {
  const found = [];
  if (providers.length === 0) found.push(note("", h("p", {}, "There is no provider yet, so nothing can be answered."), h("p", {}, linkButton(href("setup"), "Set it up", "primary small"))));
  if (totals.unpriced) {
    found.push(note("warn", `${counted(totals.unpriced, "request")} used models that have no known price, so their cost is not in the sums. `,
      "Where you know it, ", h("a", { href: href("providers") }, "give it to the provider"), ": its form has prices under More."));
  }
  return found.length ? h("div", { class: "stack tight" }, found) : null;
}

const quiet = (range) => empty("overview", `No request in the last ${RANGES[range].replace(/^1 /, "")}`, "A longer time may have some. To see one arrive, send it from the playground, or let a client use the lines of the set-up page.",
  h("div", { class: "line" }, linkButton(href("playground"), "Playground", "primary"), linkButton(href("setup"), "Set-up")));

function tiles(totals) {
  const tokens = totals.input_tokens + totals.output_tokens + totals.cache_read_input_tokens + totals.cache_creation_input_tokens;
  const shown = [
    ["Requests", compact(totals.requests), totals.cancelled ? `${count(totals.cancelled)} left by the client` : "", count(totals.requests)],
    ["Failed", share(totals.errors, totals.requests), `${count(totals.errors)} of them`, null],
    ["Tokens", compact(tokens), `${compact(totals.input_tokens)} in, ${compact(totals.output_tokens)} out, ${compact(totals.cache_read_input_tokens)} cached`, count(tokens)],
    ["Cost", known(totals), "of what has a known price", null],
    ["First word", span(totals.ttft_p50_ms), within(totals.ttft_p95_ms), null],
    ["Whole answer", span(totals.duration_p50_ms), within(totals.duration_p95_ms), null],
  ];
  return h("dl", { class: "tiles" }, shown.map(([term, value, more, exact]) => h("div", { class: "tile" }, h("dt", {}, term), h("dd", { title: exact }, value, h("div", { class: "small soft" }, more)))));
}

function healthCard(providers, details, strips) {
  if (providers.length === 0) return null;
  return card({ title: "Providers, the last 24 hours", actions: [linkButton(href("providers"), "All about them", "quiet small")] },
    h("ul", { class: "strips" }, providers.map((one) => {
      const cells = strips.of(one.name);
      const requests = cells.reduce((sum, cell) => sum + cell.requests, 0);
      const errors = cells.reduce((sum, cell) => sum + cell.errors, 0);
      return h("li", {}, h("strong", {}, one.name), standing(one, details[one.name]).firstChild, strip(one.name, cells, strips.step),
        h("span", { class: "small soft strip-note" }, requests ? `${compact(requests)} request${requests === 1 ? "" : "s"}, ${share(errors, requests)} failed` : "not asked"));
    })));
}

function chartsOf() {
  const requests = timeChart({ title: "Requests", format: count, axis: compact, whole: true });
  const failures = timeChart({ title: "Failed requests", format: count, axis: compact, whole: true });
  const cost = timeChart({ title: "Cost", format: moneyExactly, axis: money });
  const tokens = timeChart({ title: "Tokens", format: count, axis: compact, whole: true });
  const times = timeChart({ title: "How long it took", lead: "Half of all requests, and 95 of 100, took no longer.", kind: "lines", format: spanExactly, axis: spanBrief });
  const first = timeChart({ title: "First word", lead: "95 of 100 requests had it within this time.", kind: "lines", format: spanExactly, axis: spanBrief });
  const kinds = [["From the cache", "cache_read_input_tokens"], ["Input", "input_tokens"], ["Into the cache", "cache_creation_input_tokens"], ["Output", "output_tokens"]];
  const spans = [["First word, half", "ttft_p50_ms", 0], ["First word, 95 %", "ttft_p95_ms", 0, true], ["Whole, half", "duration_p50_ms", 2], ["Whole, 95 %", "duration_p95_ms", 2, true]];
  return {
    elements: [requests, cost, tokens, times, failures, first].map((chart) => chart.element),
    update({ times: moments, step, groups, all }) {
      const over = (parts, none) => parts.map(([name, sum, tone, dashed]) => ({ name, tone, dashed, values: all.map((cell) => cell?.[sum] ?? none) }));
      requests.update({ times: moments, step, series: series(groups, "requests") });
      failures.update({ times: moments, step, series: series(groups, "errors") });
      first.update({ times: moments, step, series: series(groups, "ttft_p95_ms", null) });
      cost.update({ times: moments, step, series: series(groups, "cost_usd") });
      tokens.update({ times: moments, step, series: over(kinds, 0) });
      times.update({ times: moments, step, series: over(spans, null) });
    },
  };
}

/** The sums of each group, as a table. */
export function groupsCard({ groups }, by) {
  if (groups.length === 0) return null;
  const title = { provider: "Provider", key: "Key", model: "Model" }[by];
  const number = (heading, cell) => ({ title: heading, number: true, cell });
  return card({ flush: true, title: `In numbers, by ${by}` }, table({
    caption: `In numbers, by ${by}`,
    rows: groups,
    columns: [
      { title, head: true, cell: ({ name }) => name || "(none)" },
      number("Requests", ({ sums }) => count(sums.requests)),
      number("Failed", ({ sums }) => share(sums.errors, sums.requests)),
      number("Tokens in", ({ sums }) => count(sums.input_tokens)),
      number("out", ({ sums }) => count(sums.output_tokens)),
      number("cached", ({ sums }) => count(sums.cache_read_input_tokens)),
      number("Cost", ({ sums }) => known(sums, moneyExactly)),
      number("First word, 95 %", ({ sums }) => span(sums.ttft_p95_ms)),
      number("Whole, 95 %", ({ sums }) => span(sums.duration_p95_ms)),
    ],
  }));
}
