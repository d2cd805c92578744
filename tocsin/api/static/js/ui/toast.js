/** What has just fired, for some seconds, in a corner. */

import { h } from "../base/dom.js";
import { brief } from "../base/format.js";
import { address } from "../base/router.js";
import { icon, stateIcon } from "./icons.js";

const SHOWN_MS = 9_000;
const SHOWN_MAX = 2;
let corner = null;

/** Put up the corner; returns a function that shows the alerts that fired, many of them as one. */
export function toasts() {
  corner = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
  document.body.append(corner);
  return (fired) => {
    const news = fired.filter(({ id }) => location.pathname !== address(["alerts", id]));
    if (news.length > SHOWN_MAX) show(storm(news));
    else news.forEach((move) => show(single(move)));
  };
}

function single(move) {
  const words = [h("b", {}, move.device), h("span", { class: "toast-words" }, brief(move))];
  return link(address(["alerts", move.id]), move.severity, words);
}

function storm(news) {
  const worst = ["critical", "warning", "info"].find((severity) => news.some((move) => move.severity === severity));
  const names = news.slice(0, 3).map(({ device }) => device);
  const more = news.length > names.length ? ` and ${news.length - names.length} more` : "";
  const words = [
    h("b", {}, `${news.length} alerts fired`),
    h("span", { class: "toast-words" }, names.join(", ") + more),
  ];
  return link(address(["alerts"]), worst, words);
}

const link = (href, severity, words) =>
  h("a", { class: "toast", "data-severity": severity, href }, stateIcon(severity), h("span", {}, words));

/** Show a word about what was done, or why not. */
export function say(words, state = "ok") {
  show(
    h(
      "div",
      { class: "toast", "data-severity": state },
      icon(state === "ok" ? "resolved" : state),
      h("span", {}, words),
    ),
  );
}

function show(toast) {
  corner.append(toast);
  while (corner.children.length > SHOWN_MAX) corner.firstChild.remove();
  setTimeout(() => toast.remove(), SHOWN_MS);
}
