/**
 * What is looked at again and again: while the page is there and its tab can be seen.
 */

import { replace } from "./dom.js";
import { note } from "./notice.js";

/**
 * Run `task` now and `seconds` after each of its ends, until `signal`; at once when the tab comes back into view. What
 * the first run raises is raised; later, what is there stays, and `stale` says that it is not new any more, and why.
 */
export function live(task, seconds, signal, stale) {
  let timer = null;
  let running = false;
  let seen = false;

  async function run() {
    clearTimeout(timer);
    if (running || signal.aborted || document.hidden) return;
    running = true;
    try {
      await task();
      seen = true;
      replace(stale);
    } catch (error) {
      if (!seen) throw error;
      if (error.name !== "AbortError") replace(stale, note("warn", `This is not new any more: ${error.message}`));
    } finally {
      running = false;
      if (!signal.aborted) timer = setTimeout(run, seconds * 1000);
    }
  }

  document.addEventListener("visibilitychange", run, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  return run();
}
