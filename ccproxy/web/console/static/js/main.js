/**
 * The beginning: who is here, which pages they have, and a page for each address.
 */

import { get, onSignedOut } from "./api.js";
import { replace } from "./dom.js";
import { announce, install } from "./notice.js";
import { failed, head, loading } from "./parts.js";
import { pagesOf } from "./pages.js";
import * as router from "./router.js";
import * as session from "./session.js";
import { frame, replaceBody } from "./shell.js";
import { signInPage } from "./pages/signin.js";

let shell = null;
let who = null;
let leaving = new AbortController();

async function begin() {
  document.querySelector("noscript")?.remove();
  install(document.body);
  onSignedOut(() => who && askForKey("You have been signed out: the session is over, or the key was changed."));
  router.start(() => show({ changed: true }));
  try {
    who = await session.who();
    if (who === null) {
      // What is left of a session that is over; without it a caller on this machine may need no key.
      await session.signOut();
      who = await session.who();
    }
  } catch (error) {
    stop(error);
    return;
  }
  if (who === null) askForKey();
  else await enter();
}

async function enter() {
  shell = frame(document.body, {
    pages: pagesOf(who).filter((page) => page.icon),
    who,
    change: askForKey,
    leave: async () => {
      await session.signOut();
      who = await session.who(); // on this machine somebody may be left who needs no key
      if (who === null) askForKey();
      else await enter();
    },
  });
  // The first start has nothing to look at yet, and something to do.
  if (who.role === "admin" && router.here().path === "" && await isNew()) router.go(router.href("setup"), { replace: true });
  else await show();
}

async function isNew() {
  try {
    return (await get("/providers")).length === 0;
  } catch {
    return false; // the page that is shown in its place will say what is wrong
  }
}

function askForKey(reason = "") {
  leaving.abort();
  who = null;
  shell = null;
  document.title = "Sign in · ccproxy";
  const page = signInPage(reason, async (key) => {
    who = await session.signIn(key);
    await enter();
  });
  replaceBody(document.body, page);
  page.querySelector("input").focus();
}

function stop(error) {
  document.title = "ccproxy";
  const main = document.createElement("main");
  main.className = "plain";
  replaceBody(document.body, replace(main, head("ccproxy"), failed(error)));
}

/** Show the page of the present address. */
async function show({ changed = false } = {}) {
  if (shell === null) return;
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const { path, query } = router.here();
  const page = find(path);
  const { main } = shell;
  shell.at(page.path);
  document.title = `${page.title} · ccproxy`;
  replace(main, loading());
  window.scrollTo(0, 0);
  const rest = path.slice(page.path.length).replace(/^\//, "");
  try {
    await page.render({ main, rest, query, who, signal });
    if (signal.aborted) return;
  } catch (error) {
    if (signal.aborted || error.name === "AbortError") return;
    replace(main, head(page.title), failed(error));
  }
  announce(page.title);
  // After a change of page the keyboard goes on in the new one; the first page is begun at its beginning.
  if (changed && (document.activeElement === document.body || document.activeElement?.closest(".side"))) main.focus({ preventScroll: true });
}

function find(path) {
  const pages = pagesOf(who);
  const found = pages.find((page) => page.path && (path === page.path || path.startsWith(`${page.path}/`)));
  return found ?? (path === "" ? pages[0] : { path: "", title: "Nothing here", render: nothing });
}

async function nothing({ main }) {
  replace(main, head("Nothing here", "There is no such page, or it is not for this key."));
}

begin();
