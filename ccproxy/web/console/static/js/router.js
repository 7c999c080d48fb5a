/**
 * Which page an address is. Knows addresses below /console, nothing of what is on a page.
 */

const BASE = "/console";

/** The path below the base ("" for the first page) and the query of where we are. */
export function here() {
  const path = location.pathname.slice(BASE.length).replace(/^\/+|\/+$/g, "");
  return { path: path.split("/").map(decoded).join("/"), query: new URLSearchParams(location.search) };
}

/** A part of a path as it was meant; as it is where it means nothing. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of a page. */
export const href = (path) => (path ? `${BASE}/${path}` : BASE);

let changed = () => {};

/** Have a listener told of every change of page. Links within the console change it without loading it anew. */
export function start(listener) {
  changed = listener;
  window.addEventListener("popstate", () => changed());
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!link || !plain || link.target || link.hasAttribute("download")) return;
    const url = new URL(link.href);
    if (url.origin !== location.origin || !(url.pathname === BASE || url.pathname.startsWith(`${BASE}/`))) return;
    if (url.hash && url.pathname === location.pathname) return;
    event.preventDefault();
    go(url.pathname + url.search);
  });
}

/** Go to an address. */
export function go(address, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", address);
  changed();
}

/** Put a query into the address of this page, without a new page. */
export function remember(values) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value) query.set(name, value);
  const text = query.toString();
  history.replaceState(null, "", location.pathname + (text ? `?${text}` : ""));
}
