/**
 * What a provider's models cost where the price lists do not say it, or say something else: the option `prices`, as rows.
 */

import { h } from "../dom.js";
import { button, field, input, number } from "../forms.js";
import { icon } from "../icons.js";

const NUMBERS = [["input", "Input"], ["output", "Output"], ["cache_read", "Cache read"], ["cache_write", "Cache write"]];

/** `element` for the `known` prices by globs of models; `values()` are those that are there now, null for none. */
export function priceFields(known = {}) {
  const rows = h("div", { class: "stack tight" });

  function row(glob, price) {
    const model = input({ class: "code", value: glob, placeholder: "qwen3*" });
    const numbers = NUMBERS.map(([name, label]) => [name, label, input({ inputmode: "decimal", value: price[name] ?? "", placeholder: name === "input" || name === "output" ? "0" : "as input" })]);
    const element = h("div", { class: "price-row" }, field({ label: "Models", control: model }), numbers.map(([, label, control]) => field({ label, control })),
      h("button", { class: "button quiet icon", type: "button", "aria-label": "Without this price", title: "Without this price", on: { click: () => element.remove() } }, icon("trash")));
    element.price = () => [model.value.trim(), Object.fromEntries(numbers.map(([name, , control]) => [name, control.value.trim()]).filter(([, text]) => text !== "").map(([name, text]) => [name, number(text)]))];
    return element;
  }

  rows.append(...Object.entries(known).map(([glob, price]) => row(glob, price)));
  const add = button("A price", async () => {
    rows.append(row("", {}));
    rows.lastChild.querySelector("input").focus();
  }, { kind: "small", icon: icon("plus") });
  return {
    element: h("fieldset", { class: "field wide", dataset: { field: "prices" } }, h("legend", {}, "Prices"),
      h("div", { class: "hint" }, "USD for a million tokens, where the price lists that ccproxy comes with do not hold. Models by name or pattern."),
      rows, h("div", {}, add), h("div", { class: "fault", hidden: true })),
    values() {
      const found = [...rows.children].map((one) => one.price()).filter(([glob, price]) => glob || Object.keys(price).length);
      for (const [glob, price] of found) {
        if (!glob) throw new Error("prices: each needs a model, or * for all of them");
        if (!("input" in price && "output" in price)) throw new Error(`prices: ${glob} needs a price of its input and one of its output`);
      }
      return found.length ? Object.fromEntries(found) : null;
    },
  };
}
