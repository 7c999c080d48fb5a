/**
 * Dialogs: the browser's own, so that focus, Escape and what lies behind are its affair.
 */

import { focused, freshId, h } from "./dom.js";
import { icon } from "./icons.js";
import { settle, voice } from "./notice.js";

/**
 * Open a dialog. `build(close)` gives `{ main, foot }`, lists of elements. The promise has what `close` was given, null
 * where it was left. `size` is "", "slim" or "broad". `signal` closes it when the page is left. A `firm` one is closed by
 * its own buttons alone.
 */
export function openDialog({ title, build, size = "", signal, firm = false }) {
  return new Promise((resolve) => {
    const back = focused();
    const heading = freshId("dialog");
    const dialog = h("dialog", { class: `dialog ${size}`, "aria-labelledby": heading });
    let result = null;
    const close = (value = null) => {
      if (!dialog.open) return;
      result = value;
      dialog.close();
    };
    const { main, foot } = build(close);
    dialog.append(
      h(
        "div",
        { class: "dialog-body" },
        h(
          "div",
          { class: "dialog-head" },
          h("h2", { id: heading }, title),
          firm ? null : h("button", { class: "button quiet icon", type: "button", "aria-label": "Close", on: { click: () => close() } }, icon("close")),
        ),
        h("div", { class: "dialog-main", tabindex: "0", role: "group", "aria-labelledby": heading }, main),
        foot ? h("div", { class: "dialog-foot" }, foot) : null,
      ),
      voice(),
    );
    // A second Escape would close it whatever becomes of the first one's "cancel".
    if (firm) dialog.addEventListener("keydown", (event) => event.key === "Escape" && event.preventDefault());
    if (firm) dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("close", () => {
      settle();
      dialog.remove();
      back();
      resolve(result);
    });
    signal?.addEventListener("abort", () => close());
    document.body.append(dialog);
    dialog.showModal();
    // The first thing to fill in, rather than the button that closes.
    const first = dialog.querySelector("[autofocus], .dialog-main :is(input, select, textarea):not([readonly])");
    (first ?? dialog.querySelector(".dialog-foot .button:last-child"))?.focus();
  });
}

/** Ask before something is done; `true` where it is to be done. */
export async function confirm({ title, text, action, danger = false, signal }) {
  const answer = await openDialog({
    title,
    size: "slim",
    signal,
    build: (close) => ({
      main: [h("p", {}, text)],
      foot: [
        h("button", { class: "button", type: "button", on: { click: () => close() } }, "Cancel"),
        h("button", { class: `button ${danger ? "danger" : "primary"}`, type: "button", on: { click: () => close(true) } }, action),
      ],
    }),
  });
  return answer === true;
}
