/**
 * Light, dark, or as the system has it. `early.js` puts the choice in place before the first paint.
 */

import { h, replace } from "./dom.js";
import { icon } from "./icons.js";

const KEY = "ccproxy-theme";
const ORDER = ["system", "light", "dark"];
const ICONS = { system: "system", light: "sun", dark: "moon" };
const WORDS = { system: "as the system", light: "light", dark: "dark" };

const chosen = () => document.documentElement.dataset.theme ?? "system";

function choose(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // Storage may be forbidden: the choice then lasts as long as the page.
  }
}

/** A button that goes through the three. */
export function themeButton() {
  const button = h("button", { class: "button quiet small", type: "button" });
  const show = () => {
    replace(button, icon(ICONS[chosen()]), `Colours: ${WORDS[chosen()]}`);
  };
  button.addEventListener("click", () => {
    choose(ORDER[(ORDER.indexOf(chosen()) + 1) % ORDER.length]);
    show();
  });
  show();
  return button;
}
