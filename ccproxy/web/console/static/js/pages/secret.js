/**
 * A key's secret, the one time that it is there.
 */

import { copyButton } from "../clipboard.js";
import { h } from "../dom.js";
import { field, input } from "../forms.js";
import { note } from "../notice.js";

/** What is shown after a key was made or rotated; `key` has `secret`. */
export function secretShown(key) {
  const secret = input({ value: key.secret, readOnly: true, class: "code", on: { focus: (event) => event.target.select() } });
  return h(
    "div",
    { class: "stack tight" },
    note("good", h("p", {}, h("strong", {}, key.name), " is ready. This is the only time that its secret is shown: only a digest of it is kept.")),
    field({ label: "Secret", control: secret }),
    h("div", {}, copyButton(() => key.secret, { label: "Copy the secret", kind: "primary" })),
  );
}
