/**
 * What requests came to over a time, as charts want it: every bucket there, every group a series. The last hour is
 * added up here from its rows, minute by minute; all else comes added up.
 */

import { get, withQuery } from "../api.js";
import { money, span } from "../format.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const ROWS = 500;
const PAGES = 4;
const MOST_SERIES = 7;

export const RANGES = { "1h": "1 hour", "24h": "24 hours", "7d": "7 days", "30d": "30 days" };
const SHAPES = {
  "1h": { step: 2 * MINUTE, count: 30 },
  "24h": { step: HOUR, count: 24, period: "hour" },
  "7d": { step: HOUR, count: 7 * 24, period: "hour" },
  "30d": { step: DAY, count: 30, period: "day" },
};
const SUMS = ["requests", "errors", "cancelled", "unpriced", "input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "cost_usd"];
const MEASURED = ["ttft_p50_ms", "ttft_p95_ms", "duration_p50_ms", "duration_p95_ms"];

/**
 * `{ times, step, totals, groups, all, partial }`: `groups` are `{ name, sums, cells }` by `dimension`, the largest
 * first; `all` are the cells of everything together. A cell has the sums of its bucket, null where there was nothing.
 */
export async function usage(range, dimension, signal, now = Date.now()) {
  const shape = SHAPES[range];
  const times = bucketTimes(shape, now);
  if (range === "1h") return fromRows(times, shape.step, dimension, await rowsOf(signal));
  // From the first bucket's beginning, so that the sums are those of what is drawn.
  const from = new Date(times[0]).toISOString();
  const ask = (by) => get(withQuery("/usage", { group_by: by.join(","), from }), { signal });
  const [all, grouped, sums] = await Promise.all([ask([shape.period]), ask([dimension, shape.period]), ask([dimension])]);
  const place = new Map(times.map((time, index) => [time, index]));
  const cellsOf = (data) => spread(times.length, data, (row) => place.get(Date.parse(row[shape.period])));
  const byName = Map.groupBy(grouped.data, (row) => row[dimension] ?? "");
  const groups = sums.data.map((row) => ({ name: row[dimension] ?? "", sums: row, cells: cellsOf(byName.get(row[dimension] ?? "") ?? []) }));
  return { times, step: shape.step, totals: sums.totals, groups: largest(groups), all: cellsOf(all.data), partial: false };
}

/** The buckets of the last 24 hours for each provider, for strips. */
export async function hours(signal, now = Date.now()) {
  const times = bucketTimes(SHAPES["24h"], now);
  const { data } = await get(withQuery("/usage", { group_by: "provider,hour", from: new Date(times[0]).toISOString() }), { signal });
  const place = new Map(times.map((time, index) => [time, index]));
  const found = new Map();
  for (const [name, rows] of Map.groupBy(data, (row) => row.provider)) {
    const cells = spread(times.length, rows, (row) => place.get(Date.parse(row.hour)));
    found.set(name, times.map((time, index) => ({ time, requests: cells[index]?.requests ?? 0, errors: cells[index]?.errors ?? 0 })));
  }
  return { step: HOUR, times, of: (name) => found.get(name) ?? times.map((time) => ({ time, requests: 0, errors: 0 })) };
}

/** One of the sums over time for each group, as series; what is beyond the largest few goes together, unless it is no sum (`none` is null). */
export function series(groups, sum, none = 0) {
  // By name, so that each keeps its colour while the numbers change.
  const most = groups.length > MOST_SERIES + 1 ? MOST_SERIES : groups.length;
  const shown = groups.slice(0, most).sort((a, b) => a.name.localeCompare(b.name));
  const rest = groups.slice(most);
  const made = shown.map((group) => ({ name: group.name || "(none)", values: group.cells.map((cell) => cell?.[sum] ?? none) }));
  if (none === null) return made;
  if (rest.length) {
    made.push({ name: `${rest.length} others`, values: rest[0].cells.map((_, place) => rest.reduce((total, group) => total + (group.cells[place]?.[sum] ?? 0), 0)) });
  }
  return made;
}

/** The cost that sums come to, unless nothing of it is known. */
export const known = ({ cost_usd: cost, unpriced }) => (cost === 0 && unpriced ? "–" : money(cost));

/** Within which time 95 of 100 were; "" where nothing was measured. */
export const within = (p95) => (p95 === null ? "" : `95 % within ${span(p95)}`);

function bucketTimes({ step, count }, now) {
  const last = Math.floor(now / step) * step;
  return Array.from({ length: count }, (_, index) => last - (count - 1 - index) * step);
}

function spread(count, rows, placeOf) {
  const cells = Array(count).fill(null);
  for (const row of rows) {
    const place = placeOf(row);
    if (place !== undefined) cells[place] = row;
  }
  return cells;
}

const largest = (groups) => groups.sort((a, b) => b.sums.requests - a.sums.requests);

async function rowsOf(signal) {
  const rows = [];
  let cursor = null;
  for (let page = 0; page < PAGES; page += 1) {
    const answer = await get(withQuery("/logs", { last: "1h", limit: ROWS, cursor }), { signal });
    rows.push(...answer.data);
    cursor = answer.next;
    if (!cursor) return { rows, partial: false };
  }
  return { rows, partial: true };
}

function fromRows(times, step, dimension, { rows, partial }) {
  const placeOf = (row) => Math.floor((Date.parse(row.started_at) - times[0]) / step);
  const cellsOf = (some) => {
    const byPlace = Map.groupBy(some, placeOf);
    return times.map((_, place) => (byPlace.has(place) ? summed(byPlace.get(place)) : null));
  };
  const groups = [...Map.groupBy(rows, (row) => row[dimension] ?? "")].map(([name, some]) => ({ name, sums: summed(some), cells: cellsOf(some) }));
  return { times, step, totals: summed(rows), groups: largest(groups), all: cellsOf(rows), partial };
}

function summed(rows) {
  const sums = Object.fromEntries(SUMS.map((name) => [name, 0]));
  for (const row of rows) {
    sums.requests += 1;
    if (row.status === 499) sums.cancelled += 1;
    else if (row.error_type) sums.errors += 1;
    if (row.cost_usd === null && !row.error_type) sums.unpriced += 1;
    for (const name of SUMS.slice(4)) sums[name] += row[name] ?? 0;
  }
  const of = (name) => rows.map((row) => row[name]).filter((value) => value !== null && value !== undefined).sort((a, b) => a - b);
  const [ttft, duration] = [of("ttft_ms"), of("duration_ms")];
  const parts = [quantile(ttft, 0.5), quantile(ttft, 0.95), quantile(duration, 0.5), quantile(duration, 0.95)];
  return { ...sums, ...Object.fromEntries(MEASURED.map((name, place) => [name, parts[place]])) };
}

const quantile = (sorted, part) => (sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] : null);
