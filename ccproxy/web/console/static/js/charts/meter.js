/**
 * How much of something is used up, as a bar with its numbers.
 */

import { h, svg } from "../dom.js";
import { share } from "../format.js";

/** A bar for `used` of `all`, as `format` writes them. */
export function meter(label, used, all, format) {
  const part = Math.min(1, all ? used / all : 0);
  const kind = used >= all ? "bad" : part >= 0.8 ? "warn" : "";
  return h(
    "div",
    { class: `meter ${kind}` },
    h("div", { class: "line apart" }, h("span", {}, label), h("span", {}, `${format(used)} of ${format(all)}`)),
    svg("svg", { viewBox: "0 0 100 4", preserveAspectRatio: "none", role: "img", "aria-label": `${label}: ${share(used, all)} used` },
      svg("rect", { x: 0, y: 0, width: 100 * part, height: 4 })),
  );
}
