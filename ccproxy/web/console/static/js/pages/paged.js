/**
 * A log that grows, newest first: its first page, looked at again and again, and the older ones that were asked for.
 */

import { get, withQuery } from "../api.js";

/** The log at `base`, `{ data, next }` a page, whose rows have an `id`; `filters()` says each time which are wanted. */
export function paged(base, filters, limit, signal) {
  let rows = [];
  let next = null;
  let further = false;
  let asked = 0;
  const ask = (cursor) => get(withQuery(base, { ...filters(), limit, cursor }), { signal });

  return {
    rows: () => rows,
    more: () => next !== null,

    /** Ask for the first page; whether anything is new. An answer that came too late for its filters is left. */
    async look() {
      const number = (asked += 1);
      const page = await ask(null);
      if (number !== asked) return false;
      const known = new Set(rows.map((row) => row.id));
      const same = page.data.length > 0 && page.data.every((row) => known.has(row.id));
      // Where so many came that the pages no longer meet, what is older has to be asked for again.
      if (further && page.data.some((row) => known.has(row.id))) {
        const fresh = new Set(page.data.map((row) => row.id));
        rows = [...page.data, ...rows.filter((row) => !fresh.has(row.id))];
      } else [rows, next, further] = [page.data, page.next, false];
      return !same;
    },

    /** Ask for the page behind the last one. */
    async older() {
      const number = asked;
      const page = await ask(next);
      if (number !== asked) return this.older();
      rows = [...rows, ...page.data];
      [next, further] = [page.next, true];
    },

    /** Begin again: the filters are others. */
    restart() {
      [rows, next, further] = [[], null, false];
    },
  };
}
