/**
 * What requests came to over a time, as charts want it: every bucket there, every group a series.
 */

import { get, withQuery } from "../api.js";
import { money, span } from "../format.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MOST_SERIES = 7;

export const RANGES = { "1h": "1 hour", "24h": "24 hours", "7d": "7 days", "30d": "30 days" };
const SHAPES = {
  "1h": { step: MINUTE, count: 60, period: "minute" },
  "24h": { step: HOUR, count: 24, period: "hour" },
  "7d": { step: HOUR, count: 7 * 24, period: "hour" },
  "30d": { step: DAY, count: 30, period: "day" },
};

/**
 * `{ times, step, totals, groups, all }`: `groups` are `{ name, sums, cells }` by `dimension`, the largest
 * first; `all` are the cells of everything together. A cell has the sums of its bucket, null where there was nothing.
 */
export async function usage(range, dimension, signal, now = Date.now()) {
  const shape = SHAPES[range];
  const times = bucketTimes(shape, now);
  // From the first bucket's beginning, so that the sums are those of what is drawn.
  const from = new Date(times[0]).toISOString();
  const precision = shape.period === "minute" ? "minute" : null;
  const ask = (by) => get(withQuery("/usage", { group_by: by.join(","), from, precision }), { signal });
  const [all, grouped, sums] = await Promise.all([ask([shape.period]), ask([dimension, shape.period]), ask([dimension])]);
  const place = new Map(times.map((time, index) => [time, index]));
  const cellsOf = (data) => spread(times.length, data, (row) => place.get(Date.parse(row[shape.period])));
  const byName = Map.groupBy(grouped.data, (row) => row[dimension] ?? "");
  const groups = sums.data.map((row) => ({ name: row[dimension] ?? "", sums: row, cells: cellsOf(byName.get(row[dimension] ?? "") ?? []) }));
  return { times, step: shape.step, totals: sums.totals, groups: largest(groups), all: cellsOf(all.data) };
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
export const known = ({ cost_usd: cost, unpriced }, format = money) => (cost === 0 && unpriced ? "–" : format(cost));

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
