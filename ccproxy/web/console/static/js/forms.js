/**
 * Fields with their labels, hints and faults. A fault that the API names by its path (`models.1: must be …`) is shown at
 * the field that it is about, everything else above the buttons.
 */

import { focused, freshId, h, replace } from "./dom.js";

/** A field around a control. `name` is the first part of the paths that are about it. */
export function field({ label, control, hint, name, wide = false }) {
  const id = control.id || freshId("field");
  control.id = id;
  const hintId = freshId("hint");
  const faultId = freshId("fault");
  control.setAttribute("aria-describedby", hint ? `${hintId} ${faultId}` : faultId);
  return h(
    "div",
    { class: wide ? "field wide" : "field", dataset: name ? { field: name } : {} },
    h("label", { for: id }, label),
    control,
    hint ? h("div", { class: "hint", id: hintId }, hint) : null,
    h("div", { class: "fault", id: faultId, hidden: true }),
  );
}

export const input = (attributes = {}) => h("input", { type: "text", autocomplete: "off", spellcheck: "false", ...attributes, class: `input ${attributes.class ?? ""}` });

export const textarea = (attributes = {}) => h("textarea", { spellcheck: "false", rows: "4", ...attributes, class: `input ${attributes.class ?? ""}` });

/** A list to choose from; `options` are `[value, label]` or values. */
export function select(options, attributes = {}) {
  const made = options.map((option) => {
    const [value, label] = Array.isArray(option) ? option : [option, option];
    return h("option", { value }, label);
  });
  return h("select", { ...attributes, class: `input ${attributes.class ?? ""}` }, made);
}

/** A box to tick with its label. */
export function check(label, attributes = {}) {
  const box = h("input", { type: "checkbox", ...attributes });
  return { box, element: h("label", { class: "check" }, box, label) };
}

/** Somewhere to choose one of a few: buttons of which one is pressed. */
export function choice(label, options, chosen, change) {
  const buttons = options.map(([value, text]) =>
    h("button", {
      type: "button",
      "aria-pressed": String(value === chosen),
      on: {
        click: (event) => {
          for (const button of buttons) button.setAttribute("aria-pressed", String(button === event.currentTarget));
          change(value);
        },
      },
    }, text),
  );
  return h("div", { class: "choice", role: "group", "aria-label": label }, buttons);
}

/** A switch that does something at once; `flip` gives a promise of the new state. */
export function toggle(label, on, flip) {
  const button = h("button", {
    class: "switch",
    type: "button",
    role: "switch",
    "aria-checked": String(on),
    "aria-label": label,
    on: {
      click: () => disabled(button, async () => button.setAttribute("aria-checked", String(await flip()))),
    },
  });
  return button;
}

/** A button that works for a while: it cannot be pressed meanwhile, and says so, unless it opens a dialog (`calm`). */
export function button(label, work, { kind = "", icon = null, calm = false, ...attributes } = {}) {
  const element = h("button", { class: `button ${kind}`, type: "button", ...attributes }, icon, label);
  element.addEventListener("click", () => (calm ? work() : busy(element, work)));
  return element;
}

/** Do something while a button shows that it is being done. */
export async function busy(element, work) {
  element.classList.add("busy");
  try {
    return await disabled(element, work);
  } finally {
    element.classList.remove("busy");
  }
}

/** Do something while an element cannot be used. What is disabled loses the focus, and gets it back if nobody else has it. */
async function disabled(element, work) {
  const back = document.activeElement === element ? focused() : null;
  element.disabled = true;
  try {
    return await work();
  } finally {
    element.disabled = false;
    if (document.activeElement === document.body) back?.();
  }
}

/** A form that is sent by `submit`; what that raises is shown. The last of its children holds its buttons. */
export function form(children, submit) {
  const summary = h("div", { class: "note bad", role: "alert", hidden: true }, h("div"));
  const element = h("form", { class: "stack", novalidate: true }, children);
  element.lastElementChild.before(summary);
  let sending = false;
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (sending) return; // asked for by a key once more, while its button cannot be pressed
    sending = true;
    clearFaults(element, summary);
    const sender = event.submitter;
    try {
      await (sender ? busy(sender, submit) : submit());
    } catch (error) {
      if (error.name !== "AbortError") showFaults(element, summary, error);
    } finally {
      sending = false;
    }
  });
  return element;
}

function clearFaults(element, summary) {
  summary.hidden = true;
  for (const fault of element.querySelectorAll(".fault")) fault.hidden = true;
  for (const control of element.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
}

function showFaults(element, summary, error) {
  const left = [];
  let first = null;
  for (const [path, text] of faults(error.message)) {
    const place = path && element.querySelector(`[data-field="${CSS.escape(path.split(".")[0])}"]`);
    if (!place) {
      left.push(path ? `${path}: ${text}` : text);
      continue;
    }
    const fault = place.querySelector(".fault");
    fault.textContent = path.includes(".") ? `${path.split(".").slice(1).join(".")}: ${text}` : text;
    fault.hidden = false;
    const control = place.querySelector("input, select, textarea");
    control?.setAttribute("aria-invalid", "true");
    first ??= control;
  }
  if (left.length) {
    replace(summary.firstChild, left.map((line) => h("p", {}, line)));
    summary.hidden = false;
  }
  (first ?? element.querySelector("input, select, textarea"))?.focus();
}

/** The faults in a message of the API: pairs of path ("" for none) and text. */
export function faults(message) {
  const found = message.split(/; (?=[\w.\-]+: )/).map((part) => /^([a-z_][\w.\-]*): (.+)$/s.exec(part));
  return found.every(Boolean) ? found.map(([, path, text]) => [path, text]) : [["", message]];
}

/** What a text says as a number, null for none. What is no number the API gets as it is, and says what is wrong with it. */
export function number(text) {
  const value = Number(text);
  if (text.trim() === "") return null;
  return Number.isFinite(value) ? value : text.trim();
}

/** The headers that lines of `Name: value` say. A line that says none is a fault of the field at `path`. */
export function headersOf(text, path = "headers") {
  const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
  return Object.fromEntries(lines.map((line) => {
    const place = line.indexOf(":");
    if (place < 1) throw new Error(`${path}: write each as Name: value, unlike “${line.slice(0, 40)}”`);
    return [line.slice(0, place).trim(), line.slice(place + 1).trim()];
  }));
}

/** The wanted name, with a number behind it where it is `taken`. */
export function free(wanted, taken) {
  let name = wanted;
  for (let counted = 2; taken.includes(name); counted += 1) name = `${wanted}-${counted}`;
  return name;
}

/** Those `fields` that are not as they were `before`: all else may be otherwise by now, and is somebody else's affair. */
export function changes(before, fields) {
  return Object.fromEntries(Object.entries(fields).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])));
}
