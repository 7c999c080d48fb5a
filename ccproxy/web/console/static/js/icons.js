/**
 * The drawings beside words. All are decoration: what they mean stands in text next to them, or in a label.
 */

import { svg } from "./dom.js";

const PATHS = {
  overview: ["M4 20V10", "M10 20V4", "M16 20v-7", "M21 20H3"],
  providers: ["M4 5h16v5H4z", "M4 14h16v5H4z", "M8 7.5h.01", "M8 16.5h.01"],
  routes: ["M5 5h5c5 0 4 7 9 7", "M5 19h5c5 0 4-7 9-7", "M16 9l3 3-3 3"],
  keys: ["M15 4a5 5 0 1 1-3.300 8.700L5 19.500H3.500V17H6v-2.500h2.500l2-2A5 5 0 0 1 15 4z", "M16 8h.01"],
  requests: ["M4 6h16", "M4 12h16", "M4 18h10"],
  playground: ["M5 5h14v11H10l-5 4z"],
  setup: ["M4 7h9", "M17 7h3", "M4 17h3", "M11 17h9", "M15 5v4", "M9 15v4"],
  usage: ["M12 4a8 8 0 1 0 8 8h-8z", "M15 3.500a8 8 0 0 1 5.500 5.500H15z"],
  audit: ["M6 3h9l4 4v14H6z", "M9 12h7", "M9 16h7"],
  menu: ["M4 7h16", "M4 12h16", "M4 17h16"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  plus: ["M12 5v14", "M5 12h14"],
  edit: ["M5 19l1-4L16 5l3 3L9 18z"],
  trash: ["M5 7h14", "M9 7V4h6v3", "M7 7l1 13h8l1-13"],
  test: ["M4 13h4l2-7 4 12 2-5h4"],
  copy: ["M9 9h11v11H9z", "M5 15H4V4h11v1"],
  grip: ["M9 6h.01", "M9 12h.01", "M9 18h.01", "M15 6h.01", "M15 12h.01", "M15 18h.01"],
  up: ["M6 14l6-6 6 6"],
  down: ["M6 10l6 6 6-6"],
  next: ["M10 6l6 6-6 6"],
  sun: ["M12 8a4 4 0 1 0 .01 0z", "M12 2v2", "M12 20v2", "M2 12h2", "M20 12h2", "M5 5l1 1", "M18 18l1 1", "M5 19l1-1", "M18 6l1-1"],
  moon: ["M20 14A8.500 8.500 0 1 1 10 4a7 7 0 0 0 10 10z"],
  system: ["M4 5h16v11H4z", "M9 20h6"],
  out: ["M10 4H5v16h5", "M14 8l4 4-4 4", "M18 12H9"],
  send: ["M4 12l16-8-5 16-3-7z"],
  stop: ["M7 7h10v10H7z"],
  refresh: ["M19 8a8 8 0 1 0 1 6", "M20 4v5h-5"],
  rotate: ["M5 9a8 8 0 0 1 14-1", "M19 4v4h-4", "M19 15a8 8 0 0 1-14 1", "M5 20v-4h4"],
  check: ["M5 13l4 4L19 7"],
};

/** The drawing of that name. */
export function icon(name) {
  return svg(
    "svg",
    { viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": "1.8", "stroke-linecap": "round",
      "stroke-linejoin": "round", "aria-hidden": "true", focusable: "false" },
    PATHS[name].map((d) => svg("path", { d })),
  );
}

/** The mark of the house. */
export function mark() {
  return svg(
    "svg",
    { viewBox: "0 0 32 32", "aria-hidden": "true", focusable: "false" },
    svg("rect", { width: 32, height: 32, rx: 8, class: "mark-ground" }),
    svg("path", { d: "M7 9h6c5 0 7 7 12 7M7 16h18M7 23h6c5 0 7-7 12-7", class: "mark-lines" }),
    svg("circle", { cx: 25, cy: 16, r: 2.6, class: "mark-end" }),
  );
}
