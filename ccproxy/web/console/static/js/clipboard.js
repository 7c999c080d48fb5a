/**
 * Copying. On a LAN without TLS the browser hides its clipboard from pages, so there is an old way as well.
 */

import { h, replace } from "./dom.js";
import { icon } from "./icons.js";
import { announce } from "./notice.js";

async function copy(text, near) {
  if (navigator.clipboard && window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = h("textarea", { class: "aside", "aria-hidden": "true", tabindex: "-1", value: text });
  near.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("the browser would not copy; select the text instead");
}

/** A button that copies what `text()` gives. */
export function copyButton(text, { label = "Copy", kind = "small copy" } = {}) {
  const button = h("button", { class: `button ${kind}`, type: "button" }, icon("copy"), label);
  button.addEventListener("click", async () => {
    let [drawing, word] = ["check", "Copied"];
    try {
      await copy(text(), button.parentElement);
    } catch (error) {
      [drawing, word] = ["close", error.message];
    }
    button.focus();
    announce(word);
    replace(button, icon(drawing), word);
    setTimeout(() => replace(button, icon("copy"), label), 2000);
  });
  return button;
}

/** A block of code with such a button. `wrap`: long lines are broken. */
export function codeBlock(text, { label = "Copy", wrap = false, name = "Code" } = {}) {
  return h(
    "div",
    { class: "code-block" },
    h("pre", { class: wrap ? "wrap" : "", tabindex: "0", role: "group", "aria-label": name }, h("code", {}, text)),
    copyButton(() => text, { label }),
  );
}
