/**
 * The filters above a log, which are in the address.
 */

import { freshId, h, replace } from "../dom.js";
import { field, input, select } from "../forms.js";
import { time } from "../format.js";

const SPANS = [["", "all there is"], ["1h", "1 hour"], ["24h", "24 hours"], ["7d", "7 days"], ["30d", "30 days"]];
const BETWEEN = "between";

/** Fields for `filters`, whose values they change before `changed()` is told. */
export function filterFields(filters, changed) {
  function bound(name, control) {
    control.value = filters[name];
    control.addEventListener("change", () => {
      filters[name] = control.value.trim();
      changed();
    });
    return control;
  }
  return {
    /** Something to write; `offer()` is a promise of values to choose from. */
    text(label, name, placeholder, offer = null) {
      const list = offer ? h("datalist", { id: freshId("offer") }) : null;
      const control = bound(name, input({ placeholder, list: list?.id }));
      if (offer) control.addEventListener("focus", async () => replace(list, (await offer().catch(() => [])).map((value) => h("option", { value }))), { once: true });
      return [field({ label, control }), list];
    },

    /** How long ago. Two moments in the address, which the API takes in place of that, are one more choice. */
    ago() {
      const { from = "", to = "" } = filters;
      const words = [from && `from ${moment(from)}`, to && `until ${moment(to)}`].filter(Boolean).join(" ");
      const options = besides(SPANS, filters.last);
      const control = select(words ? [...options, [BETWEEN, words]] : options, { value: words ? BETWEEN : filters.last });
      control.addEventListener("change", () => {
        Object.assign(filters, control.value === BETWEEN ? { last: "", from, to } : { last: control.value, from: "", to: "" });
        changed();
      });
      return field({ label: "Time", control });
    },

    /** Something to choose from, and what stands in the address besides. */
    choice(label, name, options) {
      return field({ label, control: bound(name, select(besides(options, filters[name]))) });
    },
  };
}

const besides = (options, value) => (value && !options.some(([one]) => one === value) ? [...options, [value, value]] : options);

// What is no moment stays as it is: the API says what is wrong with it.
const moment = (text) => (Number.isNaN(Date.parse(text)) ? text : time(text));

/** The card with such fields; `rare` ones are folded away unless one of `open` is set. */
export function filterCard(usual, rare = [], open = false) {
  return h("form", { class: "card", role: "search", "aria-label": "Filters", on: { submit: (event) => event.preventDefault() } },
    h("div", { class: "fields tight" }, usual),
    rare.length ? h("details", { class: "more small", open }, h("summary", {}, "More filters"), h("div", { class: "fields tight" }, rare)) : null);
}
