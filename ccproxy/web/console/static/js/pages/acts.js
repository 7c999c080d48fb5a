/**
 * What can be done with one of several things that have names, whichever they are: the page is filled anew afterwards,
 * and what the API refuses is said.
 */

import { del, get, patch, path } from "../api.js";
import { confirm } from "../dialog.js";
import { complain, say } from "../notice.js";

/** Makes listeners: each does its `work`, then has `look` fetch what there is by now. */
export const acting = (look) => (work) => async () => {
  try {
    await work();
    await look();
  } catch (error) {
    complain(error);
  }
};

/** One of those at `base` as it is now, to be changed: what a page shows of it may be old. */
export const fresh = (base, one, signal) => get(path(base, one.name), { signal });

/** Flip the switch of `one` among those at `base`; whether it is on afterwards. */
export const flipping = (base, signal, done = async () => {}) => (one) => async () => {
  try {
    const { enabled } = await patch(path(base, one.name, "/toggle"), { signal });
    say(`${one.name} is ${enabled ? "on" : "off"}`);
    one.enabled = enabled;
    await done();
  } catch (error) {
    complain(error);
  }
  return one.enabled;
};

/** Delete `one` of those at `base`, if that is wanted after `text` was read. `words` are what that is called. */
export async function remove(base, one, text, signal, [verb, done] = ["Delete", "deleted"]) {
  const title = `${verb} ${one.name}`;
  if (!(await confirm({ title: `${title}?`, text, action: title, danger: true, signal }))) return;
  await del(path(base, one.name), { signal });
  say(`${one.name} is ${done}`);
}
