/** What has just fired, for some seconds, in a corner. */

import { h } from "../base/dom.js";
import { brief } from "../base/format.js";
import { address } from "../base/router.js";
import { icon, stateIcon } from "./icons.js";

const SHOWN_MS = 9_000;
const SHOWN_MAX = 3;
let corner = null;

/** Put up the corner; returns a function that shows the move of an alert. */
export function toasts() {
  corner = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
  document.body.append(corner);
  return (move) =>
    show(
      h(
        "a",
        { class: "toast", "data-severity": move.severity, href: address(["alerts", move.id]) },
        stateIcon(move.severity),
        h("span", {}, h("b", {}, move.device), h("span", { class: "toast-words" }, brief(move))),
      ),
    );
}

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
