/**
 * Signing in: a key for a session.
 */

import { h } from "../dom.js";
import { field, form, input } from "../forms.js";
import { mark } from "../icons.js";
import { note } from "../notice.js";

/** The page; `enter(key)` signs in and may raise what the API said. */
export function signInPage(reason, enter) {
  const key = input({ type: "password", name: "key", autocomplete: "current-password", required: true, class: "code" });
  const sent = form(
    [
      field({ label: "Key", control: key, name: "key", hint: "Your ccproxy key; it begins with ccp_, or is the one from CCPROXY_APIKEY." }),
      h("button", { class: "button primary", type: "submit" }, "Sign in"),
    ],
    async () => {
      if (!key.value.trim()) throw new Error("key: is needed");
      await enter(key.value.trim());
    },
  );
  return h(
    "main",
    { class: "sign-in" },
    h(
      "div",
      { class: "card" },
      h("div", { class: "brand" }, mark(), h("h1", {}, "ccproxy")),
      reason ? note("warn", reason) : null,
      sent,
      h("p", { class: "hint" }, "The key is sent once and kept by neither this page nor the browser: what stays is a session that ends after twelve hours, or with the key."),
    ),
  );
}
