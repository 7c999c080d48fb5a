/**
 * What is looked at again and again: while the page is there and its tab can be seen.
 */

import { written } from "./api.js";
import { replace } from "./dom.js";
import { note } from "./notice.js";

/**
 * A look at something: what `ask()` promises is given to `show`, unless another look was begun meanwhile. Where something
 * was changed in this page meanwhile the answer may not know it, so it is asked for once more.
 */
export function latest(ask, show) {
  let asked = 0;
  return async function look() {
    const number = (asked += 1);
    try {
      let answer;
      let before;
      do {
        before = written();
        answer = await ask();
      } while (number === asked && before !== written());
      if (number === asked) show(answer);
    } catch (error) {
      if (number === asked) throw error;
    }
  };
}

/**
 * Run `task` now and `seconds` after each of its ends, until `signal`; at once when the tab comes back into view. What
 * the first run raises is raised, and ends it; later, what is there stays, and `stale` says that it is not new any more,
 * and why.
 */
export function live(task, seconds, signal, stale) {
  let timer = null;
  let running = false;
  let failed = false;

  async function run() {
    clearTimeout(timer);
    if (running || failed || signal.aborted || document.hidden) return;
    running = true;
    try {
      await task();
      replace(stale);
    } finally {
      running = false;
      if (!signal.aborted) timer = setTimeout(again, seconds * 1000);
    }
  }

  async function again() {
    try {
      await run();
    } catch (error) {
      if (error.name !== "AbortError") replace(stale, note("warn", `This is not new any more: ${error.message}`));
    }
  }

  document.addEventListener("visibilitychange", again, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  return run().catch((error) => {
    failed = true;
    throw error;
  });
}
