/**
 * What one's own key has used: the page of members.
 */

import { timeChart } from "../charts/time_chart.js";
import { h, refresh, replace } from "../dom.js";
import { choice } from "../forms.js";
import { compact, count, counted, money, moneyExactly, share, span } from "../format.js";
import { latest, live } from "../live.js";
import { complain } from "../notice.js";
import { head } from "../parts.js";
import { remember } from "../router.js";
import { groupsCard } from "./overview.js";
import { known, RANGES, series, usage, within } from "./usage_data.js";

const SECONDS = 5;

export default async function render({ main, query, who, signal }) {
  let range = query.get("last") in RANGES ? query.get("last") : "7d";
  const places = { tiles: h("div"), groups: h("div"), stale: h("div") };
  const requests = timeChart({ title: "Requests", format: count, axis: compact, whole: true, level: 2 });
  const cost = timeChart({ title: "Cost", format: moneyExactly, axis: money, level: 2 });

  const look = latest(() => usage(range, "model", signal), (data) => {
    const { totals, times, step, groups } = data;
    refresh(places.tiles, h("dl", { class: "tiles" }, [
      ["Requests", compact(totals.requests), `${share(totals.errors, totals.requests)} failed`],
      ["Tokens", compact(totals.input_tokens + totals.output_tokens + totals.cache_read_input_tokens + totals.cache_creation_input_tokens), `${compact(totals.output_tokens)} of them out`],
      ["Cost", known(totals), totals.unpriced ? `${counted(totals.unpriced, "request")} without a known price` : "of all requests"],
      ["First word", span(totals.ttft_p50_ms), within(totals.ttft_p95_ms)],
    ].map(([term, value, more]) => h("div", { class: "tile" }, h("dt", {}, term), h("dd", {}, value, h("div", { class: "small soft" }, more))))));
    requests.update({ times, step, series: series(groups, "requests") });
    cost.update({ times, step, series: series(groups, "cost_usd") });
    refresh(places.groups, groupsCard(data, "model"));
  });

  const choose = (value) => {
    range = value;
    remember({ last: range });
    look().catch(complain);
  };
  await live(look, SECONDS, signal, places.stale);
  replace(main, head("Your usage", `What the key ${who.name} has used.`, choice("Time", Object.entries(RANGES), range, choose)),
    places.stale, places.tiles, h("div", { class: "columns" }, requests.element, cost.element), places.groups);
}
