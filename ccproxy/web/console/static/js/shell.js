/**
 * The frame around every page: navigation, who is here, the colours. Knows which pages there are by what it is given.
 */

import { h, replace } from "./dom.js";
import { button } from "./forms.js";
import { icon, mark } from "./icons.js";
import { complain } from "./notice.js";
import { href } from "./router.js";
import { themeButton } from "./theme.js";

/** The frame; `pages` are `{ path, title, icon }`. Gives `main`, to fill, and `at(path)`, to say where we are. */
export function frame(body, { pages, who, leave, change }) {
  const main = h("main", { class: "page", id: "main", tabindex: "-1" });
  const links = pages.map((page) => h("a", { href: href(page.path), dataset: { page: page.path } }, icon(page.icon), page.title));
  const menu = h("button", { class: "button quiet icon menu-button", type: "button", "aria-expanded": "false", "aria-controls": "navigation" });
  const side = h(
    "div",
    { class: "side" },
    h(
      "header",
      { class: "side-top" },
      h("a", { class: "brand", href: href(pages[0].path) }, mark(), "ccproxy"),
      menu,
    ),
    h("nav", { class: "nav", id: "navigation", "aria-label": "Pages" }, links),
    h("footer", { class: "side-foot" }, themeButton(), identity(who, leave, change)),
  );

  function open(wanted) {
    side.classList.toggle("open", wanted);
    menu.setAttribute("aria-expanded", String(wanted));
    replace(menu, icon(wanted ? "close" : "menu"), h("span", { class: "aside" }, wanted ? "Close the menu" : "Open the menu"));
  }

  menu.addEventListener("click", () => open(!side.classList.contains("open")));
  side.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !side.classList.contains("open")) return;
    open(false);
    menu.focus();
  });
  open(false);
  replaceBody(body, h("a", { class: "skip", href: "#main" }, "Skip to the page"), h("div", { class: "frame" }, side, main));

  return {
    main,
    at(path) {
      open(false);
      for (const link of links) {
        if (link.dataset.page === path) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
      }
    },
  };
}

/** Put elements before the places for notices, in place of whatever was there but dialogs, which close by themselves. */
export function replaceBody(body, ...children) {
  for (const child of [...body.children]) if (!child.matches(".toasts, .voice, dialog")) child.remove();
  body.prepend(...children);
}

function identity(who, leave, change) {
  // A caller on this machine may need no key, so there is nothing to sign out of; one can still sign in as somebody.
  const local = who.name === "local";
  const out = button("", () => leave().catch(complain), { kind: "quiet icon", icon: icon("out"), "aria-label": "Sign out", title: "Sign out" });
  return h(
    "div",
    { class: "who" },
    h(
      "div",
      {},
      h("div", { class: "who-name" }, local ? "This machine" : who.name),
      h("div", { class: "soft small" }, local ? "no key needed" : who.role),
    ),
    local ? h("button", { class: "button quiet icon", type: "button", "aria-label": "Sign in with a key", title: "Sign in with a key", on: { click: () => change() } }, icon("keys")) : out,
  );
}
