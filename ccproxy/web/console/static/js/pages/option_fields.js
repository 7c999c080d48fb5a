/**
 * A provider's options: those that its type needs, always; those that it may have, as they are added. Which there are,
 * and what each may be, comes from the API.
 */

import { freshId, h, replace } from "../dom.js";
import { button, field, input, select, textarea } from "../forms.js";
import { icon } from "../icons.js";

/** `required` and `optional` are elements; `of(preset, values)` fills them, `values()` reads them. */
export function optionFields() {
  const required = h("div", { class: "fields wide" });
  const rows = h("div", { class: "stack tight" });
  const optional = h("div", { class: "stack tight", dataset: { field: "options" } });
  let controls = new Map();
  let others = {};

  function row(spec, value) {
    const control = controlOf(spec, value);
    controls.set(spec.name, { spec, control });
    return field({ label: spec.name, control, hint: spec.meaning, name: null });
  }

  function chooser(specs) {
    const left = specs.filter((spec) => !controls.has(spec.name));
    if (left.length === 0) return null;
    const id = freshId("option");
    const list = select([["", "Add an option …"], ...left.map((spec) => spec.name)], { id });
    list.addEventListener("change", () => {
      const spec = specs.find((one) => one.name === list.value);
      if (!spec) return;
      rows.append(removable(spec, specs, row(spec, spec.default)));
      renew(specs);
      controls.get(spec.name).control.focus();
    });
    return h("div", { class: "field" }, h("label", { for: id, class: "label" }, "Options"), list);
  }

  function removable(spec, specs, element) {
    const line = h("div", { class: "stack tight" }, element);
    line.append(button(`Without ${spec.name}`, async () => {
      controls.delete(spec.name);
      line.remove();
      renew(specs);
    }, { kind: "quiet small", icon: icon("close") }));
    return line;
  }

  const renew = (specs) => replace(optional, chooser(specs), rows, h("div", { class: "fault", hidden: true }));

  return {
    required,
    optional,
    of(preset, values) {
      controls = new Map();
      const needed = preset.options.filter((spec) => preset.required.includes(spec.name));
      // What has no field here stays as it is; prices have fields of their own.
      others = Object.fromEntries(Object.entries(values).filter(([name]) => name !== "prices" && !preset.options.some((spec) => spec.name === name)));
      const free = preset.options.filter((spec) => !preset.required.includes(spec.name));
      replace(required, needed.map((spec) => row(spec, values[spec.name])));
      required.hidden = needed.length === 0;
      replace(rows, free.filter((spec) => spec.name in values).map((spec) => removable(spec, free, row(spec, values[spec.name]))));
      renew(free);
    },
    values() {
      const found = { ...others };
      for (const [name, { spec, control }] of controls) {
        const value = read(spec, control.value);
        if (value !== undefined) found[name] = value;
      }
      return found;
    },
  };
}

function controlOf(spec, value) {
  if (spec.type === "boolean") return select([["true", "yes"], ["false", "no"]], { value: String(value ?? true) });
  if (spec.type === "string" && spec.choices.length) return select(spec.choices.map((one) => [one, one || "(none)"]), { value: value ?? spec.choices[0] });
  if (spec.type === "integer") return input({ inputmode: "numeric", value: value ?? "" });
  if (spec.type === "list") return input({ value: (value ?? []).join(", "), placeholder: spec.choices.join(", ") });
  if (spec.type === "object") return textarea({ class: "code", rows: "3", value: value ? JSON.stringify(value, null, 2) : "{}" });
  return input({ value: value ?? "" });
}

function read(spec, text) {
  const trimmed = text.trim();
  if (spec.type === "boolean") return trimmed === "true";
  if (spec.type === "list") return trimmed.split(",").map((one) => one.trim()).filter(Boolean);
  if (spec.type === "integer") {
    if (!/^\d+$/.test(trimmed)) throw new Error(`options.${spec.name}: must be a whole number`);
    return Number(trimmed);
  }
  if (spec.type === "object") {
    try {
      return JSON.parse(trimmed || "{}");
    } catch {
      throw new Error(`options.${spec.name}: is not valid JSON`);
    }
  }
  return trimmed === "" && !spec.choices.length ? undefined : trimmed;
}
