/**
 * Short words about what was done or went wrong: seen for a while in a corner, and read out.
 */

import { h, replace } from "./dom.js";

const SECONDS = 6;
const toasts = h("section", { class: "toasts", "aria-label": "Notices" });

/** Put the places for notices into the page, once. */
export function install(body) {
  body.append(voice(), toasts);
}

/** What reads out. The page has one and each dialog its own, for while a dialog is open nothing else is heard or seen. */
export const voice = () => h("div", { role: "status", "aria-live": "polite", class: "aside voice" });

const uppermost = () => [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;

/** Bring what is shown to where it can be seen. */
export function settle() {
  if (toasts.parentElement !== uppermost()) uppermost().append(toasts);
}

/** Have something read out without showing it. */
export function announce(text) {
  replace(uppermost().querySelector(":scope > .voice"), text);
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
  settle();
  const toast = h("div", { class: kind }, text);
  toasts.append(toast);
  setTimeout(() => toast.remove(), SECONDS * 1000);
}

/** A note within the page: `kind` is "", "good", "warn" or "bad". */
export function note(kind, ...children) {
  return h("div", { class: `note ${kind}`, role: kind === "bad" ? "alert" : null }, h("div", {}, ...children));
}
