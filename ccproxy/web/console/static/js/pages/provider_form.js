/**
 * Adding and changing a provider: a form that its preset fills in. Used in a dialog and on the set-up page.
 */

import { get, path, post, put } from "../api.js";
import { openDialog } from "../dialog.js";
import { h, replace } from "../dom.js";
import { button, changes, check, field, form, free, headersOf, input, textarea } from "../forms.js";
import { icon } from "../icons.js";
import { note, say } from "../notice.js";
import { optionFields } from "./option_fields.js";
import { priceFields } from "./price_fields.js";

const LOCAL = new Set(["ollama", "vllm", "lmstudio", "llamacpp"]);

/** Open the form in a dialog: for a `known` provider, or for a new one beside those whose names are `taken`. */
export async function providerDialog({ known = null, taken = [], signal }) {
  const presets = await get("/presets", { signal });
  return openDialog({
    title: known ? `Change ${known.name}` : "Add a provider",
    signal,
    build: (close) => ({ main: [providerForm({ presets, known, taken, signal, done: close, cancel: () => close() })] }),
  });
}

/** The form; `done(provider)` is told what was saved. */
export function providerForm({ presets, known = null, taken = [], signal, done, cancel = null }) {
  const byName = Object.fromEntries(presets.map((preset) => [preset.name, preset]));
  const first = known?.type ?? (byName.openai ? "openai" : presets[0].name);
  const type = h("select", { class: "input" }, grouped(presets), );
  type.value = first;
  const name = input({ value: known?.name ?? "", readOnly: known !== null, maxlength: 63, class: "code" });
  const url = input({ inputmode: "url", class: "code", value: known?.api_base_url ?? "" });
  const keys = keyFields(known);
  const models = textarea({ rows: "3", class: "code", value: (known?.models ?? []).join("\n") });
  const headers = textarea({ rows: "2", class: "code", value: Object.entries(known?.headers ?? {}).map(([key, value]) => `${key}: ${value}`).join("\n") });
  const enabled = check("On: requests may go there", { checked: known?.enabled ?? true });
  const about = h("p", { class: "hint" });
  const options = optionFields();
  const prices = priceFields(known?.options.prices);
  const urlField = field({ label: "Base URL", control: url, name: "api_base_url", wide: true, hint: "With or without the version path, or the full endpoint." });
  const more = h(
    "details",
    { class: "more wide" },
    h("summary", {}, "More: models, prices, headers, options"),
    h("div", { class: "fields" },
      field({ label: "Models", control: models, name: "models", wide: true, hint: "One on each line; the first is the default. None: anything goes." }),
      h("div", { class: "wide" }, listButton(known, models, signal)),
      prices.element,
      field({ label: "Headers", control: headers, name: "headers", wide: true, hint: "One on each line, as Name: value; sent with every request. Values that are credentials are stored encrypted and come back masked." }),
      h("div", { class: "wide" }, options.optional)),
  );
  let typed = known !== null;
  let former = null;

  function filled() {
    const preset = byName[type.value];
    replace(about, preset.about);
    if (!typed) name.value = free(preset.name, taken);
    url.placeholder = preset.api_base_url ?? "https://…";
    url.required = !preset.api_base_url;
    if (former !== null && known === null) url.value = "";
    // Where the preset knows the address nobody needs to think of it, unless the server is one's own.
    urlField.hidden = Boolean(preset.api_base_url) && !LOCAL.has(preset.name.replace("-anthropic", "")) && !more.open && !url.value;
    keys.of(preset);
    options.of(preset, preset.name === known?.type ? known.options : {});
    former = preset.name;
  }

  function given() {
    const own = prices.values();
    return {
      type: type.value,
      models: models.value.split("\n").map((line) => line.trim()).filter(Boolean),
      headers: headersOf(headers.value),
      options: { ...options.values(), ...(own ? { prices: own } : {}) },
      enabled: enabled.box.checked,
      // An empty address is the preset's own.
      api_base_url: url.value.trim() || null,
      ...keys.values(),
    };
  }

  name.addEventListener("input", () => (typed = name.value !== ""));
  type.addEventListener("change", filled);
  more.addEventListener("toggle", () => (urlField.hidden = urlField.hidden && !more.open));
  filled();
  const before = known && given();
  if (known && (known.models.length || Object.keys(known.headers).length || Object.keys(known.options).length)) more.open = true;

  return form(
    [
      h("div", { class: "fields" },
        field({ label: "Type", control: type, name: "type" }),
        field({ label: "Name", control: name, name: "name", hint: known ? "A provider keeps its name." : "Models are then called name/model." }),
        h("div", { class: "wide" }, about),
        keys.element,
        options.required,
        urlField,
        more,
        h("div", { class: "wide" }, enabled.element)),
      h("div", { class: "line form-actions" },
        h("button", { class: "button primary", type: "submit" }, known ? "Save" : "Add the provider"),
        cancel ? h("button", { class: "button", type: "button", on: { click: cancel } }, "Cancel") : null),
    ],
    async () => {
      if (!known && taken.includes(name.value.trim())) throw new Error("name: there is a provider of this name already");
      const fields = given();
      const saved = known
        ? await put(path("/providers", known.name), changes(before, fields), { signal })
        : await post("/providers", { name: name.value.trim(), ...fields }, { signal });
      done(saved);
      say(known ? `${saved.name} is changed` : `${saved.name} is added`);
    },
  );
}

function grouped(presets) {
  const local = (one) => /^http:\/\/localhost/.test(one.api_base_url ?? "");
  const bare = (one) => one.name.startsWith("openai-") && !one.api_base_url;
  const groups = [
    ["Services", presets.filter((one) => !local(one) && !bare(one))],
    ["Servers of your own", presets.filter(local)],
    ["Anything else, by what it speaks", presets.filter(bare)],
  ];
  return groups.map(([label, members]) => h("optgroup", { label }, members.map((one) => h("option", { value: one.name }, one.name))));
}

/** One key or several. Those that are stored cannot be seen; new ones stand in place of them. */
function keyFields(known) {
  const list = h("div", { class: "stack tight" });
  const hint = h("div", { class: "hint" });
  const fault = h("div", { class: "fault", hidden: true });
  const removal = known?.api_key_set ? check("Take the stored keys away", {}) : null;
  const add = button("Another key", async () => {
    list.append(box(list.children.length + 1));
    list.lastChild.focus();
  }, { kind: "quiet small", icon: icon("plus") });
  const box = (place) => input({ type: "password", autocomplete: "new-password", class: "code", "aria-label": place === 1 ? "API key" : `API key ${place}` });
  list.append(box(1));
  const element = h("fieldset", { class: "field wide", dataset: { field: "api_key" } }, h("legend", {}, "API key"), list, hint, fault,
    h("div", { class: "line" }, add, removal?.element));
  return {
    element,
    of(preset) {
      element.hidden = preset.key === "none";
      const stored = known?.api_key_hints.filter(Boolean).map((end) => `…${end}`).join(", ");
      const kept = known?.api_key_set ? `Stored: ${stored || "a key"}. Leave it empty to keep that.` : "";
      const need = preset.key === "required" ? "It is stored encrypted and never shown again." : "Only where the server asks for one; stored encrypted, never shown again.";
      replace(hint, kept || need);
    },
    values() {
      const given = [...list.children].map((one) => one.value.trim()).filter(Boolean);
      if (given.length > 1) return { api_keys: given };
      if (given.length === 1) return { api_key: given[0] };
      return removal?.box.checked ? { api_key: null } : {};
    },
  };
}

/** Fills in the models that a provider lists; it has to be there already. */
function listButton(known, models, signal) {
  if (!known) return null;
  const said = h("div", { role: "status" });
  const fetched = async () => {
    try {
      const { data } = await get("/v1/models?limit=1000", { signal });
      const names = data.map((one) => one.id).filter((id) => id.startsWith(`${known.name}/`)).map((id) => id.slice(known.name.length + 1));
      if (names.length) models.value = names.join("\n");
      replace(said, h("p", { class: "hint" }, names.length ? `It lists ${names.length}. Take out what is not to be offered.` : "It lists none, or is off."));
    } catch (error) {
      replace(said, note("bad", error.message));
    }
  };
  return [button("Fill in the models that it lists", fetched, { kind: "small", icon: icon("refresh") }), said];
}
