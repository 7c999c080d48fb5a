/**
 * Who is at the browser. The key itself is handed to the API once and not kept here; the cookie is out of reach.
 */

import { call, get } from "./api.js";

/** `{ name, role }`, or null where nobody is signed in. Raises ApiError where this address may not call at all. */
export async function who() {
  try {
    return await get("/console/session", { quiet: true });
  } catch (error) {
    if (error.status === 401) return null;
    throw error;
  }
}

/** Sign in with a key; who that is. Raises ApiError. */
export const signIn = (key) => call("POST", "/console/session", { key }, { quiet: true });

export const signOut = () => call("DELETE", "/console/session", undefined, { quiet: true });
