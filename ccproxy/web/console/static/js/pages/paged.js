/**
 * A log that grows, newest first: its first page, looked at again and again, and the older ones that were asked for.
 */

import { get, withQuery } from "../api.js";
import { latest } from "../live.js";

/**
 * The log at `base`, `{ data, next }` a page, whose rows have an `id`; `filters()` says each time which are wanted, and
 * `changed()` is told when the rows are others.
 */
export function paged(base, filters, limit, signal, changed) {
  let rows = [];
  let next = null;
  let further = false;
  let told = false;
  let list = 0; // counts the lists: a page that was asked for one that is gone is left
  const ask = (cursor) => get(withQuery(base, { ...filters(), limit, cursor }), { signal });

  function restart() {
    [rows, next, further, told] = [[], null, false, false];
    list += 1;
  }

  /** The first page as it is now, before the older ones that were asked for. */
  function take(page) {
    const known = new Set(rows.map((row) => row.id));
    const fresh = page.data.filter((row) => !known.has(row.id)).length;
    // Where more came than a page holds the pages no longer meet, so what is older has to be asked for again. A page
    // that is not full holds whatever there was to find, and meets them all.
    if (further && fresh === limit) restart();
    const shown = new Set(page.data.map((row) => row.id));
    if (further) rows = [...page.data, ...rows.filter((row) => !shown.has(row.id))];
    else [rows, next] = [page.data, page.next];
    if (fresh === 0 && told) return;
    told = true;
    changed();
  }

  return {
    rows: () => rows,
    more: () => next !== null,

    /** Ask for the first page. */
    look: latest(() => ask(null), take),

    /** Ask for the page behind the last one. */
    async older() {
      const [wanted, cursor] = [list, next];
      further = true; // from now on, for the page that is on its way has to meet those that are there
      const page = await ask(cursor);
      if (wanted !== list || cursor !== next) return;
      rows = [...rows, ...page.data];
      next = page.next;
      changed();
    },

    /** Begin again: the filters are others. */
    restart,
  };
}
