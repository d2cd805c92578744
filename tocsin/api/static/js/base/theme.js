/** Light, dark, or as the system says; and the colours for canvases, which cannot read style sheets. */

const KEY = "tocsin.theme";
const ORDER = ["system", "light", "dark"];
const listeners = new Set();
let colours = new Map();

/** Which of the three is chosen. */
export const chosenTheme = () => read() ?? "system";

/** Choose the next of the three and return it. */
export function nextTheme() {
  const next = ORDER[(ORDER.indexOf(chosenTheme()) + 1) % ORDER.length];
  try {
    localStorage.setItem(KEY, next);
  } catch {
    /* no storage in this browser: the choice lasts as long as the page */
  }
  apply(next);
  return next;
}

/** Put the choice into force, and follow the system. */
export function startTheme() {
  apply(chosenTheme());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}

/** Call back whenever colours change; returns what ends it. */
export function onTheme(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The colour of a token such as `accent`, as a canvas takes it. */
export function colour(token) {
  if (!colours.has(token)) colours.set(token, computed(token));
  return colours.get(token);
}

/** The colour of a token with an opacity in `[0, 1]`. */
export const tint = (token, opacity) => colour(token).replace(/^rgb\((.*)\)$/, `rgba($1, ${opacity})`);

function computed(token) {
  const probe = document.createElement("i");
  probe.style.color = `var(--${token})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

function apply(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  changed();
}

function changed() {
  colours = new Map();
  listeners.forEach((listener) => listener());
}

function read() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
