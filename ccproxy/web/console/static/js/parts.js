/**
 * What pages are put together from: heads, cards, tables, badges, facts, empty states.
 */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { note } from "./notice.js";

/** The top of a page: its title, one sentence, and what one can do there. */
export function head(title, lead, ...actions) {
  return h(
    "header",
    { class: "page-head" },
    h("div", {}, h("h1", { tabindex: "-1" }, title), lead ? h("p", {}, lead) : null),
    actions.length ? h("div", { class: "page-actions" }, actions) : null,
  );
}

/** A card with a heading; `flush` where a table fills it. */
export function card({ title, lead, actions = [], flush = false, level = 2, attributes = {} }, ...children) {
  const heading = title ? h("div", {}, h(`h${level}`, {}, title), lead ? h("p", {}, lead) : null) : null;
  return h(
    "section",
    { ...attributes, class: `${flush ? "card flush" : "card"} ${attributes.class ?? ""}` },
    heading || actions.length ? h("div", { class: "card-head" }, heading, h("div", { class: "line" }, actions)) : null,
    children,
  );
}

/** A word with a colour: `kind` is "", "good", "warn", "bad" or "info". */
export const badge = (kind, text, title) => h("span", { class: `badge ${kind}`, title }, h("span", {}, text));

export const chip = (text, title) => h("span", { class: "chip", title }, text);

/** Terms and what they are; pairs without anything are left out. */
export function facts(pairs) {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl", { class: "facts" }, shown.map(([term, value]) => [h("dt", {}, term), h("dd", {}, value)]));
}

/**
 * A table. `columns` are `{ title, cell(row), number, actions, head, rare }`; the column with `head` names the row, a `rare`
 * one is left out where there is little room. `row(row)` gives further attributes. Narrow screens get a card for each row where `folding` is not false.
 */
export function table({ caption, columns, rows, folding = true, row = () => ({}), foot = null }) {
  const kind = (column) => [column.number ? "number" : "", column.actions ? "actions" : "", column.rare ? "rare" : ""].join(" ").trim() || null;
  const cells = (item) =>
    columns.map((column) =>
      h(
        column.head ? "th" : "td",
        { class: kind(column), scope: column.head ? "row" : null, "data-label": column.head || column.actions ? null : column.title },
        column.cell(item),
      ),
    );
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": caption },
    h(
      "table",
      { class: folding ? "table folding" : "table" },
      h("caption", { class: "aside" }, caption),
      h("thead", {}, h("tr", {}, columns.map((column) =>
        h("th", { scope: "col", class: kind(column) }, column.actions ? h("span", { class: "aside" }, column.title) : column.title)))),
      h("tbody", {}, rows.map((item) => h("tr", row(item), cells(item)))),
      foot ? h("tfoot", {}, foot) : null,
    ),
  );
}

/** What stands where nothing is yet, and what to do about it. */
export function empty(drawing, title, text, ...actions) {
  return h("div", { class: "empty" }, icon(drawing), h("h2", {}, title), h("p", {}, text), actions);
}

/** While something is on its way. */
export const loading = (text = "Loading …") => h("div", { class: "loading", role: "status" }, text);

/** What is shown where a page could not be filled: what the API said. */
export function failed(error) {
  const id = error.requestId ? h("p", { class: "small soft" }, "request ", h("code", {}, error.requestId)) : null;
  return note("bad", h("p", {}, error.message), id);
}

/** A link that looks like a button. */
export const linkButton = (address, label, kind = "", drawing = null) =>
  h("a", { class: `button ${kind}`, href: address }, drawing ? icon(drawing) : null, label);
