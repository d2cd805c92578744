/** The frame of every page: where one can go, whether it is live, what has just fired. */

import { h, fill, mark, write } from "../base/dom.js";
import { clockSeconds, utc } from "../base/format.js";
import { address } from "../base/router.js";
import { chosenTheme, nextTheme } from "../base/theme.js";
import { get } from "../data/api.js";
import { paced } from "../data/live.js";
import { icon } from "./icons.js";
import { shortcuts } from "./shortcuts.js";
import { toasts } from "./toast.js";

const LINKS = [
  ["", "Fleet", "fleet"],
  ["alerts", "Alerts", "bell"],
  ["pipeline", "Pipeline", "flow"],
];
const SIMULATOR = ["simulator", "Simulator", "bolt"];
const THEME_WORDS = { system: "as the system", light: "light", dark: "dark" };
const FLEET_EVERY_MS = 3_000;

/** Put up the frame and return `{freshMain, shown}`. */
export function shell(app) {
  const links = new Map((app.simulates ? [...LINKS, SIMULATOR] : LINKS).map((one) => [one[0], navLink(...one)]));
  const badge = h("span", { class: "badge", hidden: true });
  links.get("alerts").append(badge);
  const status = statusElement(app);
  const banner = h("div", { class: "banner", role: "status", hidden: true });
  const holder = h("div", { class: "holder" });
  document.body.replaceChildren(
    h("a", { class: "skip", href: "#main", onclick: skip }, "Skip to the page"),
    h(
      "header",
      { class: "top" },
      h("a", { class: "brand", href: address([]), "aria-label": "Tocsin, fleet" }, icon("bell"), h("span", {}, "Tocsin")),
      h("nav", { "aria-label": "Pages" }, [...links.values()]),
      h("div", { class: "top-end" }, status, themeButton(), shortcuts(app)),
    ),
    banner,
    holder,
  );
  const told = toasts();
  watchConnection(app, banner);
  watchAlerts(app, badge, told);
  return {
    freshMain() {
      const main = h("main", { id: "main", tabindex: -1 });
      fill(holder, main);
      return main;
    },
    shown(name, main) {
      for (const [key, link] of links)
        mark(link, "aria-current", key === name || (key === "" && name === "devices") ? "page" : null);
      window.scrollTo(0, 0);
      const title = main.querySelector("h1")?.textContent;
      document.title = title ? `${title} · Tocsin` : "Tocsin";
    },
  };
}

const navLink = (name, words, drawing) =>
  h("a", { href: address(name ? [name] : []), class: `nav-${name || "fleet"}` }, icon(drawing), h("span", {}, words));

function skip(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function themeButton() {
  const button = h("button", { class: "ghost square", type: "button", id: "theme" });
  const show = () => {
    const theme = chosenTheme();
    fill(button, icon({ system: "system", light: "sun", dark: "moon" }[theme]));
    mark(button, "aria-label", `Colours: ${THEME_WORDS[theme]}`);
    mark(button, "title", `Colours: ${THEME_WORDS[theme]} (t)`);
  };
  button.addEventListener("click", () => {
    nextTheme();
    show();
  });
  show();
  return button;
}

/** The pipeline's clock, with a dot that says whether what is seen is of now. */
function statusElement(app) {
  const time = h("time", { class: "num" });
  const word = h("span", { class: "status-word" });
  const element = h("div", { class: "status", "data-state": "starting" }, h("i", { class: "dot" }), word, time);
  const show = () => {
    const now = app.live.nowMs();
    write(time, clockSeconds(now));
    mark(time, "title", utc(now));
  };
  app.live.onState(({ name }) => {
    mark(element, "data-state", name);
    write(word, { live: app.me.speed > 1 ? `${app.me.speed}×` : "Live", lost: "No answer", starting: "…" }[name] ?? "");
  });
  setInterval(() => document.hidden || app.live.state.name === "lost" || show(), 1_000);
  show();
  return element;
}

function watchConnection(app, banner) {
  app.live.onState(({ name, sinceMs, retryMs }) => {
    banner.hidden = name !== "lost";
    if (name !== "lost") return;
    fill(
      banner,
      icon("warning"),
      h(
        "span",
        {},
        `The server does not answer since ${clockSeconds(sinceMs)}. What you see is from then. `,
        retryMs > 3_000 ? `Trying again every ${Math.round(retryMs / 1000)} s.` : "Trying again.",
      ),
      h("button", { class: "ghost", type: "button", onclick: app.live.retryNow }, "Try now"),
    );
  });
}

function watchAlerts(app, badge, told) {
  const count = paced(async () => {
    const fleet = await get("/v1/fleet");
    badge.hidden = !fleet.alerts.firing;
    write(badge, String(fleet.alerts.firing));
    mark(badge, "data-severity", fleet.alerts.critical ? "critical" : "warning");
    mark(badge, "aria-label", `${fleet.alerts.firing} firing`);
  }, FLEET_EVERY_MS);
  app.live.on(({ alerts, back }) => {
    told(alerts.filter(({ phase }) => phase === "firing"));
    if (alerts.length || back) count();
  });
  count();
}
