/** Where the page and the API are. The page's head says it, so that the same files serve from anywhere. */

const said = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";

/** What stands before `/v1/`; empty where the page's own origin answers. */
export const API = said("tocsin-api").replace(/\/+$/, "");

/** Where the page is below its origin; begins and ends with a slash. */
export const ROOT = `/${said("tocsin-path")}/`.replace(/\/+/g, "/");
