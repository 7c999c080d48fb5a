/**
 * Short words about what was done or went wrong: seen for a while in a corner, and read out.
 */

import { h } from "./dom.js";

const SECONDS = 6;
const polite = h("div", { role: "status", "aria-live": "polite", class: "aside" });
const toasts = h("section", { class: "toasts", "aria-label": "Notices" });

/** Put the places for notices into the page, once. */
export function install(body) {
  body.append(polite, toasts);
}

/** Have something read out without showing it. */
export function announce(text) {
  polite.textContent = "";
  polite.append(document.createTextNode(text));
}

/** Something was done. */
export function say(text) {
  show(text, "toast");
  announce(text);
}

/** Something went wrong: what the API said. */
export function complain(error) {
  if (error.name === "AbortError") return;
  const text = error.message || String(error);
  show(text, "toast bad");
  announce(text);
}

function show(text, kind) {
  // A dialog lies above all else, so what is said must lie in it.
  const place = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
  place.append(toasts);
  const toast = h("div", { class: kind }, text);
  toasts.append(toast);
  setTimeout(() => {
    toast.remove();
    if (!toasts.hasChildNodes()) document.body.append(toasts);
  }, SECONDS * 1000);
}

/** A note within the page: `kind` is "", "good", "warn" or "bad". */
export function note(kind, ...children) {
  return h("div", { class: `note ${kind}`, role: kind === "bad" ? "alert" : null }, h("div", {}, ...children));
}
