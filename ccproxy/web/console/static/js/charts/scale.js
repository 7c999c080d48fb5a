/**
 * Scales and ticks. Pure.
 */

const STEPS = [1, 2, 2.5, 5, 10];

/** Round numbers from 0 to at least `most`, about `wanted` of them. `whole`: no fractions. */
export function ticks(most, wanted = 4, whole = false) {
  if (!(most > 0)) return [0, 1];
  const rough = most / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  let step = power * STEPS.find((one) => one * power >= rough * 0.999);
  if (whole) step = Math.max(1, Math.round(step));
  const found = [0];
  while (found.at(-1) < most * 0.999) found.push(Number((found.length * step).toPrecision(12)));
  return found;
}

/** From a value to pixels, upwards from `height` at 0. */
export const upwards = (most, height) => (value) => height - (height * value) / most;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** How a bucket of `step` milliseconds is named: briefly below the axis, and in full. Days are those of UTC. */
export function naming(step) {
  if (step >= DAY) {
    return {
      brief: (time) => new Date(time).toLocaleDateString(undefined, { day: "numeric", month: "short", timeZone: "UTC" }),
      full: (time) => `${new Date(time).toLocaleDateString(undefined, { weekday: "short", day: "numeric", month: "long", year: "numeric", timeZone: "UTC" })} (UTC)`,
    };
  }
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return {
    brief: (time) => (step >= HOUR && isMidnight(time) ? new Date(time).toLocaleDateString(undefined, { weekday: "short", day: "numeric" }) : new Date(time).toLocaleTimeString(undefined, clock)),
    full: (time) => `${new Date(time).toLocaleDateString(undefined, { weekday: "short", day: "numeric", month: "short" })}, ${new Date(time).toLocaleTimeString(undefined, clock)} – ${new Date(time + step).toLocaleTimeString(undefined, clock)}`,
  };
}

const isMidnight = (time) => new Date(time).getHours() === 0 && new Date(time).getMinutes() === 0;

/**
 * Which buckets are named below an axis of `width` pixels, as their places: of hours over many days the midnights, else
 * the last one and each so many before it that there is `room` pixels for every name.
 */
export function named(times, step, width, room = 54) {
  const count = times.length;
  if (step < DAY && count * step > 2 * DAY) return times.map((_, place) => place).filter((place) => isMidnight(times[place]));
  const every = Math.max(1, Math.ceil(count / Math.max(1, Math.floor(width / room))));
  return Array.from({ length: count }, (_, place) => place).filter((place) => (count - 1 - place) % every === 0);
}
