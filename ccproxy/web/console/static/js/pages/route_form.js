/**
 * Adding and changing a route: what a request must be, and its targets in order.
 */

import { path, post, put } from "../api.js";
import { openDialog } from "../dialog.js";
import { freshId, h, replace } from "../dom.js";
import { button, changes, check, field, form, headersOf, input, number, select, textarea } from "../forms.js";
import { icon } from "../icons.js";
import { say } from "../notice.js";

const SCENARIOS = [
  ["", "any"], ["default", "default: what nothing else takes"], ["background", "background: chores (class haiku)"],
  ["think", "think: with thinking"], ["long_context", "long_context: a long conversation"],
  ["web_search", "web_search: a search of the web"], ["image", "image: an image in it"], ["count_tokens", "count_tokens: only counts tokens"],
];
const EFFORTS = ["", "low", "medium", "high", "xhigh", "max"];
const STRATEGIES = [["fallback", "in this order"], ["weighted", "by weight"], ["fastest", "the fastest first"], ["cheapest", "the cheapest first"]];

/** Open the form in a dialog, for a `known` route or a new one. */
export function routeDialog({ known = null, providers, taken = [], signal }) {
  return openDialog({
    title: known ? `Change ${known.name}` : "Add a route",
    signal,
    build: (close) => ({ main: [routeForm({ known, providers, taken, signal, done: close, cancel: () => close() })] }),
  });
}

function routeForm({ known, providers, taken, signal, done, cancel }) {
  const match = known?.match ?? {};
  const name = input({ value: known?.name ?? "", readOnly: known !== null, maxlength: 200 });
  const models = input({ value: (match.model ?? []).join(", "), class: "code", placeholder: "opus, claude-*, gpt-5" });
  const scenario = select(SCENARIOS, { value: match.scenario ?? "" });
  const effort = select(EFFORTS.map((one) => [one, one || "high (as usual)"]), { value: match.min_effort ?? "" });
  const tokens = numeric(match.min_input_tokens);
  const agent = select([["", "any"], ["main", "the main agent"], ["subagent", "subagents"]], { value: match.agent ?? "" });
  const keys = input({ value: (match.key ?? []).join(", "), placeholder: "names of keys" });
  const headers = textarea({ rows: "2", class: "code", value: Object.entries(match.headers ?? {}).map(([key, value]) => `${key}: ${value}`).join("\n") });
  const strategy = select(STRATEGIES, { value: known?.strategy ?? "fallback" });
  const targets = targetRows(known?.targets ?? [], providers);
  const priority = numeric(known?.priority ?? 0, "-?\\d*");
  const retries = numeric(known?.retries ?? 1);
  const patience = numeric(known?.first_byte_timeout);
  const resume = check("Continue a plain text that breaks off with the next target", { checked: known?.resume ?? false });
  const capture = select([["off", "off"], ["errors", "of requests that fail"], ["all", "of all requests"]], { value: known?.capture ?? "off" });
  const enabled = check("On", { checked: known?.enabled ?? true });
  const effortField = field({ label: "From which effort", control: effort, name: "match_effort" });
  const shown = () => (effortField.hidden = scenario.value !== "think");
  scenario.addEventListener("change", shown);
  shown();
  const rare = [match.min_input_tokens, match.agent, match.key, match.headers].some(Boolean);

  function given() {
    const wanted = headersOf(headers.value, "match.headers");
    return {
      match: {
        model: list(models.value), scenario: scenario.value || null, key: list(keys.value), agent: agent.value || null,
        min_effort: (scenario.value === "think" && effort.value) || null,
        min_input_tokens: number(tokens.value), headers: Object.keys(wanted).length ? wanted : null,
      },
      targets: targets.values(), strategy: strategy.value, priority: number(priority.value) ?? 0, retries: number(retries.value) ?? 1,
      first_byte_timeout: number(patience.value), resume: resume.box.checked, capture: capture.value, enabled: enabled.box.checked,
    };
  }

  const before = known && given();
  const element = form(
    [
      field({ label: "Name", control: name, name: "name", hint: known ? "A route keeps its name." : "Clients may ask for a route by its name, as for a model." }),
      h("fieldset", { class: "field", dataset: { field: "match" } },
        h("legend", {}, "Takes a request that"),
        h("div", { class: "fields" },
          field({ label: "asks for one of these models", control: models, hint: "Names, patterns with *, or opus, sonnet, haiku, fable. Empty: any." }),
          field({ label: "is of this scenario", control: scenario }),
          effortField),
        h("details", { class: "more", open: rare },
          h("summary", {}, "More conditions"),
          h("div", { class: "fields" },
            field({ label: "has more input tokens than", control: tokens }),
            field({ label: "comes from", control: agent }),
            field({ label: "is sent with the key", control: keys }),
            field({ label: "has these headers", control: headers, wide: true, hint: "One on each line, as Name: value." }))),
        h("div", { class: "fault", hidden: true })),
      h("fieldset", { class: "field", dataset: { field: "targets" } },
        h("legend", {}, "Goes to"),
        field({ label: "Tried", control: strategy, name: "strategy" }),
        targets.element,
        h("div", { class: "fault", hidden: true })),
      h("details", { class: "more" },
        h("summary", {}, "More: priority, retries, patience, capture"),
        h("div", { class: "fields" },
          field({ label: "Priority", control: priority, name: "priority", hint: "Higher goes first among those of one step." }),
          field({ label: "Retries", control: retries, name: "retries", hint: "How often one target is asked again." }),
          field({ label: "Seconds until the first word", control: patience, name: "first_byte_timeout", hint: "Then the next target is asked. Empty: no limit of its own." }),
          field({ label: "Capture of bodies", control: capture, name: "capture", hint: "Keeps requests and answers, encrypted, for a few days." }),
          h("div", { class: "wide" }, resume.element))),
      enabled.element,
      h("div", { class: "line form-actions" },
        h("button", { class: "button primary", type: "submit" }, known ? "Save" : "Add the route"),
        h("button", { class: "button", type: "button", on: { click: cancel } }, "Cancel")),
    ],
    async () => {
      if (!known && taken.includes(name.value.trim())) throw new Error("name: there is a route of this name already");
      const saved = known
        ? await put(path("/routes", known.name), changes(before, given()), { signal })
        : await post("/routes", { name: name.value.trim(), ...given() }, { signal });
      done(saved);
      say(known ? `${saved.name} is changed` : `${saved.name} is added`);
    },
  );
  strategy.addEventListener("change", () => targets.weighted(strategy.value === "weighted"));
  targets.weighted(strategy.value === "weighted");
  return element;
}

const numeric = (value, pattern = "\\d*") => input({ inputmode: "numeric", pattern, value: value ?? "" });
const list = (text) => {
  const found = text.split(",").map((one) => one.trim()).filter(Boolean);
  return found.length ? found : null;
};

/** The targets, each a row; they can be moved, and keep the parameters that are set elsewhere. */
function targetRows(known, providers) {
  const rows = h("div", { class: "stack tight" });
  const lists = h("div");
  const listOf = new Map(providers.map((one) => [one.name, freshId("models")]));
  replace(lists, providers.map((one) => h("datalist", { id: listOf.get(one.name) }, one.models.map((model) => h("option", { value: model })))));
  let weights = false;

  function row(target) {
    const names = [...new Set([...providers.map((one) => one.name), target.provider].filter(Boolean))];
    const provider = select(names, { value: target.provider ?? names[0] ?? "" });
    const model = input({ class: "code", value: target.model ?? "" });
    const weight = numeric(target.weight ?? 1);
    const follow = () => model.setAttribute("list", listOf.get(provider.value) ?? "");
    provider.addEventListener("change", follow);
    follow();
    const weightField = field({ label: "Weight", control: weight });
    const element = h("div", { class: "target-row" },
      field({ label: "Provider", control: provider }), field({ label: "Model", control: model }), weightField,
      h("div", { class: "line nowrap" },
        tool("up", "Earlier", () => element.previousElementSibling?.before(element)),
        tool("down", "Later", () => element.nextElementSibling?.after(element)),
        tool("trash", "Without this target", () => rows.children.length > 1 && element.remove())));
    element.weightField = weightField;
    weightField.hidden = !weights;
    element.target = () => ({ provider: provider.value, model: model.value.trim(), weight: number(weight.value) ?? 1, parameters: target.parameters ?? {} });
    return element;
  }

  const tool = (drawing, label, click) => h("button", { class: "button quiet icon", type: "button", "aria-label": label, title: label, on: { click } }, icon(drawing));
  replace(rows, (known.length ? known : [{}]).map(row));
  const add = button("Another target", async () => {
    rows.append(row({}));
    rows.lastChild.querySelector("select").focus();
  }, { kind: "small", icon: icon("plus") });
  return {
    element: h("div", { class: "stack tight" }, rows, h("div", {}, add), lists),
    values: () => [...rows.children].map((one) => one.target()),
    weighted(on) {
      weights = on;
      for (const one of rows.children) one.weightField.hidden = !on;
    },
  };
}
