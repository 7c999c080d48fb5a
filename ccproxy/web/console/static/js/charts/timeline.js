/**
 * Attempts on the clock of their request: one bar each, from its beginning to its end.
 */

import { svg } from "../dom.js";
import { span } from "../format.js";

const ROW = 26;

/** The drawing; the table beside it says the same in words. `ttft` is when the first word came, null where none did. */
export function timeline(attempts, duration, ttft) {
  const all = Math.max(duration, 1);
  const part = (ms) => (100 * Math.min(ms, all)) / all;
  const x = (ms) => `${part(ms)}%`;
  const height = ROW * attempts.length;
  return svg(
    "svg",
    { class: "timeline", height: height + 22, role: "img",
      "aria-label": `${attempts.length} attempt${attempts.length === 1 ? "" : "s"} within ${span(duration)}` },
    [0, 0.25, 0.5, 0.75, 1].map((place) => [
      svg("line", { class: "grid", x1: x(all * place), x2: x(all * place), y1: 0, y2: height }),
      svg("text", { class: "tick", x: x(all * place), y: height + 16, "text-anchor": place === 0 ? "start" : place === 1 ? "end" : "middle" }, span(all * place)),
    ]),
    attempts.map((one, place) => svg("rect", {
      class: `cell ${one.status === 200 ? "good" : "bad"}`, x: x(one.started_ms), y: place * ROW + 5, rx: 4, height: ROW - 10,
      width: `${Math.max(0.4, part(one.ended_ms) - part(one.started_ms))}%`,
    }, svg("title", {}, `${one.provider}/${one.model}: ${one.status ?? "no answer"}, ${span(one.ended_ms - one.started_ms)}`))),
    ttft === null ? null : svg("line", { class: "first-word", x1: x(ttft), x2: x(ttft), y1: 0, y2: height }, svg("title", {}, `first word after ${span(ttft)}`)),
  );
}
