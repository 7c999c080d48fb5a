/**
 * Routes in the order in which they are tried. Dragging one, or moving it by keys, sets the order of all at once.
 */

import { get, put } from "../api.js";
import { h, refresh, replace } from "../dom.js";
import { button, toggle } from "../forms.js";
import { icon } from "../icons.js";
import { latest } from "../live.js";
import { announce, complain } from "../notice.js";
import { badge, card, chip, empty, head } from "../parts.js";
import { acting, flipping, fresh, remove } from "./acts.js";
import { explainBox } from "./explain.js";
import { reorderable } from "./reorder.js";
import { routeDialog } from "./route_form.js";
import { namesWith, steps, words } from "./route_order.js";

export default async function render({ main, signal }) {
  const body = h("div");
  const seen = { routes: [], providers: [] };
  const look = latest(() => Promise.all([get("/routes", { signal }), get("/providers", { signal })]), ([routes, providers]) => {
    Object.assign(seen, { routes, providers });
    show();
  });

  const act = acting(look);

  async function move(step, moved, place) {
    const wanted = step.routes.map((route) => route.name).filter((name) => name !== moved.name);
    wanted.splice(place, 0, moved.name);
    try {
      seen.routes = await put("/routes", { order: namesWith(seen.routes, wanted) }, { signal });
      show();
      announce(`${moved.name} is now number ${place + 1} of ${wanted.length}`);
    } catch (error) {
      complain(error);
      await look().catch(complain); // others may have changed what there is
    }
  }

  const acts = {
    add: act(() => routeDialog({ providers: seen.providers, taken: seen.routes.map((route) => route.name), signal })),
    edit: (route) => act(async () => routeDialog({ known: await fresh("/routes", route, signal), providers: seen.providers, signal })),
    remove: (route) => act(() => remove("/routes", route, "Requests that it took will go to the next route that fits.", signal)),
    flip: flipping("/routes", signal, look),
    move,
  };

  function show() {
    if (seen.routes.length === 0) {
      refresh(body, card({}, empty("routes", "No route yet", "Without one, requests that name provider/model go there, and with a single provider everything does. A route sends the others: by model, size, scenario, header, key or agent.",
        button("Add a route", acts.add, { kind: "primary", icon: icon("plus"), calm: true }))));
      return;
    }
    const known = new Map(seen.providers.map((one) => [one.name, one]));
    refresh(body, h("ol", { class: "steps" }, steps(seen.routes).filter((step) => !step.routes || step.routes.length).map((step, place) => stepOf(step, place + 1, known, acts))));
  }

  await look();
  replace(
    main,
    head("Routes", "Which request goes where. They are tried from the top; the first that fits takes the request.",
      button("Add a route", acts.add, { kind: "primary", icon: icon("plus"), calm: true })),
    body,
    explainBox(signal),
  );
}

function stepOf(step, number, known, acts) {
  const list = step.routes
    ? h("ul", { class: "route-list" }, step.routes.map((route) => routeOf(route, step, known, acts)))
    : h("p", { class: "soft small" }, step.about);
  return h("li", { class: step.routes ? "step" : "step idle" },
    h("div", { class: "step-number", "aria-hidden": "true" }, number),
    h("div", { class: "step-body" }, h("h2", {}, step.title), list));
}

function routeOf(route, step, known, acts) {
  const handle = h("button", { class: "button quiet icon handle", type: "button", "aria-label": `Move ${route.name}: arrow keys, or drag`, title: "Drag, or use the arrow keys" }, icon("grip"));
  const element = h(
    "li",
    { class: route.enabled ? "route" : "route off" },
    step.routes.length > 1 ? handle : h("span", { class: "handle-place", "aria-hidden": "true" }),
    h("div", {},
      h("strong", {}, route.name),
      h("div", { class: "chips" }, words(route.match).map((word) => chip(word)), route.priority ? h("span", { class: "small soft" }, `priority ${route.priority}`) : null)),
    h("div", {},
      h("ol", { class: route.strategy === "fallback" ? "route-targets" : "route-targets any", "aria-label": `Targets, ${route.strategy}` },
        route.targets.map((target) => h("li", {}, targetOf(target, route, known.get(target.provider))))),
      h("div", { class: "small soft" }, extras(route))),
    h("div", { class: "line" },
      toggle(`${route.name} is on`, route.enabled, acts.flip(route)),
      button("", acts.edit(route), { kind: "quiet small icon", calm: true, icon: icon("edit"), "aria-label": `Edit ${route.name}`, title: "Edit" }),
      button("", acts.remove(route), { kind: "quiet small icon", calm: true, icon: icon("trash"), "aria-label": `Delete ${route.name}`, title: "Delete" })),
  );
  if (step.routes.length > 1) reorderable(element, handle, (place) => acts.move(step, route, place));
  return element;
}

function targetOf(target, route, provider) {
  const name = `${target.provider}/${target.model}`;
  const weight = route.strategy === "weighted" ? ` × ${target.weight}` : "";
  // In words too: a colour alone tells some nothing.
  if (!provider) return badge("warn", `${name}${weight}: no such provider`, "This target is left out");
  if (!provider.enabled) return badge("", `${name}${weight}: off`, "This target is left out");
  const { state, targets } = provider.health;
  const here = targets[target.model]?.state ?? state;
  return badge({ ok: "good", resting: "bad", probing: "warn" }[here], here === "ok" ? name + weight : `${name}${weight}: ${here}`);
}

function extras(route) {
  return [
    route.strategy === "fallback" ? null : route.strategy,
    route.retries === 1 ? null : `${route.retries} retries`,
    route.first_byte_timeout ? `next one after ${route.first_byte_timeout} s of silence` : null,
    route.resume ? "continues what breaks off" : null,
    route.targets.some((target) => Object.keys(target.parameters).length) ? "with parameters of its own" : null,
  ].filter(Boolean).join(" · ");
}
