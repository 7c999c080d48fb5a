/**
 * Numbers, money, times and spans as people read them.
 */

const whole = new Intl.NumberFormat("en");
const thousandths = new Intl.NumberFormat("en", { minimumFractionDigits: 3, maximumFractionDigits: 3 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const moment = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric", ...CLOCK });
const NOTHING = "–";

/** 12,345 */
export const count = (value) => (value === null || value === undefined ? NOTHING : whole.format(value));

/** 12.3K */
export const compact = (value) => (value === null || value === undefined ? NOTHING : short.format(value));

/** 12.3 MB */
export const megabytes = (bytes) => `${short.format(bytes / 1_000_000)} MB`;

/** 1 request, 12,345 requests */
export const counted = (value, noun) => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;

/** $1.23; small sums with the digits that say something. */
export function money(value) {
  if (value === null || value === undefined) return NOTHING;
  if (value === 0) return "$0";
  if (value < 0.0001) return "< $0.0001";
  const digits = value >= 100 ? 0 : value >= 0.1 ? 2 : 4;
  return `$${value.toLocaleString("en", { minimumFractionDigits: Math.min(digits, 2), maximumFractionDigits: digits })}`;
}

/** $1,234.50 and $0.000012: the same to the millionth, for where it may take its room. */
export function moneyExactly(value) {
  if (value > 0 && value < 0.000001) return "< $0.000001";
  return `$${value.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 6 })}`;
}

/** 12.3 % */
export function share(part, all) {
  if (!all) return NOTHING;
  const value = (100 * part) / all;
  return `${value === 0 || value === 100 ? value : value.toFixed(value < 10 ? 1 : 0)} %`;
}

/** 320 ms, 1.4 s, 2 min 5 s */
export function span(ms) {
  if (ms === null || ms === undefined) return NOTHING;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** 320 ms, 1.432 s: the same to the millisecond. */
export const spanExactly = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${thousandths.format(ms / 1000)} s`);

/** The same for the axis of a chart: 500 ms, 1.4 s, 2 min */
export function spanBrief(ms) {
  const [value, unit] = ms < 1000 ? [ms, "ms"] : ms < 60_000 ? [ms / 1000, "s"] : [ms / 60_000, "min"];
  return `${Number(value.toFixed(1))} ${unit}`;
}

/** A moment in full, in the reader's own time. */
export const time = (text) => (text ? moment.format(new Date(text)) : NOTHING);

/** A moment as short as it may be: the time, and the date ("" today). */
export function when(text, now = new Date()) {
  const date = new Date(text);
  const today = date.toDateString() === now.toDateString();
  return [date.toLocaleTimeString(undefined, CLOCK), today ? "" : date.toLocaleDateString(undefined, { day: "numeric", month: "short" })];
}

/** "3 minutes ago", "in 2 hours" */
export function ago(text, now = Date.now()) {
  if (!text) return "never";
  const seconds = Math.round((now - new Date(text).getTime()) / 1000);
  const [amount, unit] = largest(Math.abs(seconds));
  if (amount === 0) return "just now";
  const words = `${amount} ${unit}${amount === 1 ? "" : "s"}`;
  return seconds >= 0 ? `${words} ago` : `in ${words}`;
}

function largest(seconds) {
  for (const [size, unit] of [[86_400, "day"], [3600, "hour"], [60, "minute"]]) {
    if (seconds >= size) return [Math.round(seconds / size), unit];
  }
  return seconds < 5 ? [0, "second"] : [seconds, "second"];
}
