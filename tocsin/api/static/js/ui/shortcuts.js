/** Keys that work on every page, and the dialog that tells them. They can be turned off: WCAG 2.1.4. */

import { h } from "../base/dom.js";
import { address, go } from "../base/router.js";
import { dialog } from "./dialog.js";

const KEY = "tocsin.shortcuts";
const KEYS = [
  ["/", "search"],
  ["g f", "fleet"],
  ["g a", "alerts"],
  ["g p", "pipeline"],
  ["g s", "simulator"],
  ["j k ↑ ↓", "row by row; Enter opens"],
  ["← →", "move a chart in time"],
  ["+ −", "zoom a chart"],
  ["space", "pause a chart, or live again"],
  ["t", "light, dark, as the system"],
  ["?", "this page"],
];
const PLACES = { f: [], a: ["alerts"], p: ["pipeline"], s: ["simulator"] };

/** Listen for keys; returns the button that tells them. */
export function shortcuts(app) {
  let waiting = false;
  document.addEventListener("keydown", (event) => {
    if (
      !isOn() ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      isTyping(event.target) ||
      document.querySelector("dialog[open]")
    )
      return;
    if (waiting && event.key in PLACES && (event.key !== "s" || app.simulates)) go(address(PLACES[event.key]));
    waiting = event.key === "g";
    if (event.key === "?") tell();
    else if (event.key === "t") document.getElementById("theme")?.click();
    else if (event.key === "/") search(event);
  });
  return h(
    "button",
    { class: "ghost square help", type: "button", "aria-label": "Keys", title: "Keys (?)", onclick: tell },
    "?",
  );
}

function search(event) {
  const field = document.querySelector("main input[type=search]");
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.select();
}

function tell() {
  const box = h("input", { type: "checkbox", id: "keys-on", checked: isOn() });
  box.addEventListener("change", () => localStorage.setItem(KEY, box.checked ? "on" : "off"));
  dialog(
    "Keys",
    [
      h(
        "dl",
        { class: "keys" },
        KEYS.map(([key, words]) => [
          h(
            "dt",
            {},
            key.split(" ").map((one) => h("kbd", {}, one)),
          ),
          h("dd", {}, words),
        ]),
      ),
      h("label", { class: "check" }, box, "Single keys act"),
    ],
    [],
  );
}

const isOn = () => localStorage.getItem(KEY) !== "off";
const isTyping = (target) => target.closest?.("input, select, textarea, [contenteditable]") !== null;
