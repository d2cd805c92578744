/** The query API as functions. Every answer is JSON; whatever is not well ends as a `Problem`. */

import { API } from "../base/place.js";

const KEY = "tocsin.token";

/** What the API says is wrong; `status` 0 means that nobody answered. */
export class Problem extends Error {
  constructor(status, type, detail, retryAfterMs = 0) {
    super(detail);
    this.status = status;
    this.type = type;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Take the token out of the address, where `tocsin serve` puts it, and keep it for this tab. */
export function takeToken() {
  const found = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!found) return;
  keepToken(found);
  history.replaceState(null, "", location.pathname + location.search);
}

/** Keep the token for this tab. */
export const keepToken = (token) => sessionStorage.setItem(KEY, token.trim());

/** Return the JSON of `GET path`. */
export const get = (path, query = {}, options = {}) => ask("GET", path + written(query), options);

/** Send `body` and return the JSON of the answer. The key makes a second try harmless. */
export const post = (path, body, key = crypto.randomUUID?.() ?? randomKey()) =>
  ask("POST", path, {
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", "Idempotency-Key": key },
  });

/** `DELETE path`. */
export const remove = (path) => ask("DELETE", path, {});

/** Every item of a list, page after page; `each` gets what has come so far. */
export async function all(path, query, each = () => {}, signal = undefined) {
  const items = [];
  let cursor = null;
  do {
    const page = await get(path, { ...query, cursor }, { signal });
    items.push(...page.items);
    cursor = page.cursor;
    each(items, cursor === null);
  } while (cursor !== null);
  return items;
}

/** Ids go into a path as one part each, whatever is in them. */
export const part = encodeURIComponent;

async function ask(method, path, { body, headers = {}, signal } = {}) {
  const token = sessionStorage.getItem(KEY);
  const all = token ? { ...headers, Authorization: `Bearer ${token}` } : headers;
  let answer;
  try {
    answer = await fetch(API + path, { method, body, headers: all, signal, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "unreachable", "the server does not answer");
  }
  const data = await answer.json().catch((error) => {
    if (error.name === "AbortError") throw error;
    if (!(error instanceof SyntaxError)) throw new Problem(0, "unreachable", "the server went away");
    return null;
  });
  if (answer.ok && data !== null) return data;
  throw new Problem(
    answer.status,
    kind(data),
    data?.detail ?? data?.title ?? `the server answered ${answer.status}`,
    1000 * (Number(answer.headers.get("Retry-After")) || 0),
  );
}

const kind = (data) =>
  String(data?.type ?? "")
    .split(":")
    .at(-1);

function written(query) {
  const said = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return said.length ? `?${new URLSearchParams(said)}` : "";
}

/** Without a secure origin there is no `randomUUID`, and an address in the house has none. */
function randomKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");
}
