/**
 * The JSON API. Every call carries the header without which the session's cookie is not taken; every failure is an
 * ApiError with what the API said.
 */

const HEADER = { "X-CCProxy-Console": "1" };

/** What the API answered in place of what was asked for. `status` is 0 where there was no answer at all. */
export class ApiError extends Error {
  constructor(status, type, message, requestId = null) {
    super(message);
    this.status = status;
    this.type = type;
    this.requestId = requestId;
  }
}

let signedOut = () => {};
let writes = 0;

/** How many calls have changed something so far: an answer may be older than one that came while it was on its way. */
export const written = () => writes;

/** Have a listener told when the API no longer knows who is here. */
export function onSignedOut(listener) {
  signedOut = listener;
}

/** One call; the JSON of its answer. `quiet`: a 401 is the caller's own affair. */
export async function call(method, path, body, { signal, quiet = false } = {}) {
  const response = await send(method, path, body, { signal, quiet });
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}

/** One call; the answer itself, for those that read it as it comes. Raises ApiError as `call`. */
export async function send(method, path, body, { signal, quiet = false, headers = {} } = {}) {
  const init = { method, headers: { ...HEADER, ...headers }, signal, credentials: "same-origin" };
  if (body !== undefined) {
    init.headers["content-type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "connection", "ccproxy does not answer; is it running?");
  }
  if (method !== "GET") writes += 1;
  if (response.ok) return response;
  const error = await failure(response);
  if (error.status === 401 && !quiet) signedOut();
  throw error;
}

async function failure(response) {
  const requestId = response.headers.get("request-id");
  try {
    const { error } = await response.json();
    return new ApiError(response.status, error.type, error.message, requestId);
  } catch {
    return new ApiError(response.status, "api_error", `the answer was ${response.status} ${response.statusText}`, requestId);
  }
}

export const get = (path, options) => call("GET", path, undefined, options);
export const post = (path, body, options) => call("POST", path, body, options);
export const put = (path, body, options) => call("PUT", path, body, options);
export const patch = (path, options) => call("PATCH", path, undefined, options);
export const del = (path, options) => call("DELETE", path, undefined, options);

/** A path with names in it, which may hold anything; slashes stay slashes. */
export function path(base, name, rest = "") {
  return `${base}/${name.split("/").map(encodeURIComponent).join("/")}${rest}`;
}

/** A path with a query, without what is empty. */
export function withQuery(base, values) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== "") query.set(name, value);
  }
  const text = query.toString();
  return text ? `${base}?${text}` : base;
}
