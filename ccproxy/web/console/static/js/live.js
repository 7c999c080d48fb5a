/**
 * What is looked at again and again: while the page is there and its tab can be seen.
 */

/** Run `task` now and `seconds` after each of its ends, until `signal`; at once when the tab comes back into view. */
export function live(task, seconds, signal) {
  let timer = null;
  let running = false;

  async function run() {
    clearTimeout(timer);
    if (running || signal.aborted || document.hidden) return;
    running = true;
    try {
      await task();
    } finally {
      running = false;
      if (!signal.aborted) timer = setTimeout(run, seconds * 1000);
    }
  }

  document.addEventListener("visibilitychange", run, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  return run();
}
