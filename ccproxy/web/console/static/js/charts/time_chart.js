/**
 * A chart over time: bars upon each other, or lines. Exact values show at the pointer and at the cursor, which the arrow
 * keys move; a table has them all. Drawn anew whenever its room or its numbers change.
 */

import { freshId, h, replace, svg } from "../dom.js";
import { card, table } from "../parts.js";
import { named, naming, ticks, upwards } from "./scale.js";

const HEIGHT = 190;
const BRIDGED = 6;
const MARGIN = { top: 10, right: 18, bottom: 24, left: 56 };

/**
 * A chart's card: `{ element, update({ times, step, series }) }`. `times` are beginnings of buckets of `step`
 * milliseconds; `series` are `{ name, values }`, values null where nothing was measured. `kind` is "bars" or "lines",
 * `format` writes values exactly, `axis` those beside the grid, `whole` keeps them to whole numbers. A series' `tone` is its colour
 * where that is not its place, and `dashed` its line.
 */
export function timeChart({ title, lead, kind = "bars", format, axis = format, whole = false, level = 3 }) {
  let data = { times: [], step: 1, series: [] };
  let at = null;
  const hidden = new Set();
  const plot = h("div", { class: "chart-plot" });
  const tip = h("div", { class: "chart-tip", hidden: true, "aria-hidden": "true" });
  const cursor = h("div", { class: "chart-cursor", tabindex: "0", role: "slider", "aria-label": `${title}: moment`, "aria-valuemin": "0" });
  const legend = h("div", { class: "legend" });
  const rows = h("div");
  const details = h("details", { class: "more small" }, h("summary", {}, "As a table"), rows);
  const area = h("div", { class: "chart" }, plot, cursor, tip);
  const element = card({ title, lead, level, attributes: { class: "chart-card" } }, legend, area, details);

  const shown = () => data.series.map((one, place) => ({ ...one, tone: one.tone ?? place })).filter((one) => !hidden.has(one.name));
  const empty = () => data.series.every((one) => one.values.every((value) => !value));
  const span = () => Math.max(40, plot.clientWidth - MARGIN.left - MARGIN.right);

  function draw() {
    const width = span();
    const most = ticks(Math.max(...heights(shown(), data.times.length, kind), 0), 4, whole);
    const y = upwards(most.at(-1), HEIGHT);
    const slot = width / Math.max(1, data.times.length);
    const name = naming(data.step).brief;
    replace(plot, svg("svg", { width: width + MARGIN.left + MARGIN.right, height: HEIGHT + MARGIN.top + MARGIN.bottom, "aria-hidden": "true", focusable: "false" },
      svg("g", { transform: `translate(${MARGIN.left} ${MARGIN.top})` },
        most.map((value) => [
          svg("line", { class: "grid", x1: 0, x2: width, y1: y(value), y2: y(value) }),
          svg("text", { class: "tick", x: -8, y: y(value) + 4, "text-anchor": "end" }, axis(value)),
        ]),
        named(data.times, data.step, width).map((place) => svg("text", { class: "tick", x: slot * (place + 0.5), y: HEIGHT + 17, "text-anchor": "middle" }, name(data.times[place]))),
        at === null ? null : svg("rect", { class: "mark", x: slot * at, y: 0, width: slot, height: HEIGHT }),
        kind === "bars" ? bars(shown(), slot, y, data.times.length) : lines(shown(), slot, y),
        empty() ? svg("text", { class: "tick", x: width / 2, y: HEIGHT / 2, "text-anchor": "middle" }, "nothing in this time") : null)));
  }

  function point(place) {
    at = place === null || data.times.length === 0 ? null : Math.min(data.times.length - 1, Math.max(0, place));
    draw();
    tip.hidden = at === null;
    if (at === null) return;
    const values = shown().filter((one) => one.values[at] !== null);
    const sum = values.reduce((total, one) => total + one.values[at], 0);
    const when = naming(data.step).full(data.times[at]);
    const some = kind === "bars" ? values.filter((one) => one.values[at] !== 0) : values;
    replace(tip, h("div", { class: "small soft" }, when), h("ul", {}, some.map((one) => h("li", {}, key(one), h("span", {}, one.name), h("strong", {}, format(one.values[at]))))),
      kind === "bars" && some.length !== 1 ? h("div", { class: "tip-sum" }, h("span", {}, "Together"), h("strong", {}, format(sum))) : null);
    const slot = span() / data.times.length;
    const middle = MARGIN.left + slot * (at + 0.5);
    const right = middle > plot.clientWidth / 2;
    tip.style.left = right ? "" : `${middle + slot / 2 + 8}px`;
    tip.style.right = right ? `${plot.clientWidth - middle + slot / 2 + 8}px` : "";
    cursor.setAttribute("aria-valuenow", String(at));
    cursor.setAttribute("aria-valuetext", `${when}: ${values.map((one) => `${one.name} ${format(one.values[at])}`).join(", ") || "nothing"}`);
  }

  function key({ tone, dashed }) {
    return h("span", { class: `key series-${tone % 8} ${dashed ? "dashed" : ""}`, "aria-hidden": "true" });
  }

  cursor.addEventListener("pointermove", (event) => {
    const x = event.clientX - cursor.getBoundingClientRect().left - MARGIN.left;
    point(Math.floor((x / span()) * data.times.length));
  });
  cursor.addEventListener("pointerleave", () => document.activeElement !== cursor && point(null));
  cursor.addEventListener("focus", () => at === null && point(data.times.length - 1));
  cursor.addEventListener("blur", () => point(null));
  cursor.addEventListener("keydown", (event) => {
    const wanted = { ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1, Home: 0, End: data.times.length - 1, PageUp: at + 6, PageDown: at - 6 }[event.key];
    if (event.key === "Escape") cursor.blur();
    if (wanted === undefined) return;
    event.preventDefault();
    point(wanted);
  });
  details.addEventListener("toggle", () => list());

  function list() {
    if (!details.open) return;
    const name = naming(data.step).full;
    const columns = data.series.map((one) => ({ title: one.name, number: true, cell: (place) => (one.values[place] === null ? "–" : format(one.values[place])) }));
    replace(rows, table({ caption: title, folding: false, rows: data.times.map((_, place) => place), columns: [{ title: "Time", head: true, cell: (place) => name(data.times[place]) }, ...columns] }));
  }

  function explain() {
    replace(legend, data.series.length < 2 ? null : data.series.map((one, place) => {
      const id = freshId("series");
      return h("button", {
        type: "button", id, "aria-pressed": String(!hidden.has(one.name)), "aria-label": `Show ${one.name} in ${title}`,
        on: {
          click: () => {
            if (!hidden.delete(one.name)) hidden.add(one.name);
            explain();
            draw();
            document.getElementById(legend.children[place].id)?.focus();
          },
        },
      }, key({ ...one, tone: one.tone ?? place }), one.name);
    }));
  }

  new ResizeObserver(() => draw()).observe(plot);
  return {
    element,
    update(next) {
      const same = next.series.map((one) => one.name).join("\n") === data.series.map((one) => one.name).join("\n");
      data = next;
      cursor.setAttribute("aria-valuemax", String(Math.max(0, data.times.length - 1)));
      if (at === null) {
        cursor.setAttribute("aria-valuenow", String(Math.max(0, data.times.length - 1)));
        cursor.setAttribute("aria-valuetext", "the latest");
      }
      if (!same) explain();
      if (at === null) draw();
      else point(at);
      list();
    },
  };
}

function heights(series, count, kind) {
  if (kind === "lines") return series.flatMap((one) => one.values.filter((value) => value !== null));
  return Array.from({ length: count }, (_, place) => series.reduce((sum, one) => sum + (one.values[place] ?? 0), 0));
}

function bars(series, slot, y, count) {
  const thick = Math.max(1, Math.min(46, slot * (slot > 6 ? 0.74 : 0.86)));
  return Array.from({ length: count }, (_, place) => {
    let below = 0;
    return series.map((one) => {
      const value = one.values[place] ?? 0;
      const top = y(below + value);
      const height = y(below) - top;
      below += value;
      return height > 0 ? svg("rect", { class: `bar series-${one.tone % 8}`, x: slot * place + (slot - thick) / 2, y: top, width: thick, height, rx: Math.min(2, thick / 3) }) : null;
    });
  });
}

function lines(series, slot, y) {
  return series.map((one) => {
    const points = one.values.map((value, place) => (value === null ? null : [slot * (place + 0.5), y(value)]));
    // A line goes on over a few buckets in which nothing was measured, and no further; a lone value is a dot.
    const near = (place, way) => Array.from({ length: BRIDGED }, (_, far) => points[place + way * (far + 1)]).some(Boolean);
    const path = points.map((point, place) => (point ? `${near(place, -1) ? "L" : "M"}${point[0].toFixed(1)} ${point[1].toFixed(1)}` : "")).join("");
    const dots = points.filter((point, place) => point && !near(place, -1) && !near(place, 1));
    return [
      svg("path", { class: `line-path series-${one.tone % 8} ${one.dashed ? "dashed" : ""}`, d: path || "M0 0" }),
      dots.map(([x, top]) => svg("circle", { class: `dot series-${one.tone % 8}`, cx: x, cy: top, r: 3 })),
    ];
  });
}
