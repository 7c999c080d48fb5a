/**
 * How something did over time, as a row of cells: how many of each cell's requests failed.
 */

import { h, svg } from "../dom.js";
import { count, counted, share } from "../format.js";
import { naming } from "./scale.js";

/** The strip of `cells`, `{ time, requests, errors }` each, of buckets of `step` milliseconds. */
export function strip(name, cells, step) {
  const when = naming(step).full;
  const asked = cells.reduce((sum, cell) => sum + cell.requests, 0);
  const failed = cells.reduce((sum, cell) => sum + cell.errors, 0);
  const told = asked ? `${counted(asked, "request")}, ${share(failed, asked)} failed` : "no requests";
  return h(
    "div",
    { class: "strip", role: "img", "aria-label": `${name}, the last ${cells.length} hours: ${told}` },
    svg("svg", { viewBox: `0 0 ${cells.length * 10} 28`, preserveAspectRatio: "none", "aria-hidden": "true", focusable: "false" },
      cells.map((cell, place) => svg("rect", { class: `cell ${grade(cell)}`, x: place * 10 + 1, y: 0, width: 8, height: 28, rx: 1.5 },
        svg("title", {}, `${when(cell.time)}: ${cell.requests ? `${counted(cell.requests, "request")}, ${count(cell.errors)} failed` : "no requests"}`)))),
  );
}

function grade({ requests, errors }) {
  if (!requests) return "none";
  if (!errors) return "good";
  return errors / requests < 0.1 ? "warn" : "bad";
}
