/** Addresses: each page, and what is chosen on it, has one that can be shared. */

import { ROOT } from "./place.js";

/** Return `{path: ["devices", "pump-7"], query: URLSearchParams}` of where we are. */
export function here() {
  const path = location.pathname.startsWith(ROOT) ? location.pathname.slice(ROOT.length) : "";
  return { path: path.split("/").filter(Boolean).map(plain), query: new URLSearchParams(location.search) };
}

function plain(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Return the address of a page. Values of null, undefined or "" are left out. */
export function address(path, query = {}) {
  const said = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const written = new URLSearchParams(said).toString();
  return `${ROOT}${path.map(encodeURIComponent).join("/")}${written ? `?${written}` : ""}`;
}

/** Change what the address says after the `?`, without a new step in the history. */
export function amend(query) {
  const { path, query: said } = here();
  for (const [key, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === "") said.delete(key);
    else said.set(key, value);
  }
  history.replaceState(null, "", address(path, Object.fromEntries(said)));
}

/** Go to an address of this page. */
export function go(to) {
  history.pushState(null, "", to);
  window.dispatchEvent(new PopStateEvent("popstate"));
}

/** Below the page's place, and no pages. */
const OTHERS = ["v1/", "assets/"];

/** Call `show` now and whenever the address changes; links to this page's addresses do not load it anew. */
export function startRouter(show) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    const plainClick = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (!link || !plainClick || event.defaultPrevented || link.target || link.origin !== location.origin) return;
    if (!link.pathname.startsWith(ROOT) || OTHERS.some((one) => link.pathname.startsWith(ROOT + one))) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
  window.addEventListener("popstate", show);
  show();
}
