/** What to look at first: the worst devices, and why. */

import { fill, h } from "../base/dom.js";
import { ago, brief, utc } from "../base/format.js";
import { address } from "../base/router.js";
import { get } from "../data/api.js";
import { paced } from "../data/live.js";
import { stateIcon } from "../ui/icons.js";

const SHOWN_MAX = 3;
const EVERY_MS = 2_500;

/** @returns `{root, refresh(), leave}`. */
export function attention(app) {
  const list = h("ul", { class: "worst" });
  const root = h(
    "section",
    { class: "panel attention", "aria-label": "Look at first" },
    h("h2", {}, "Look at first"),
    list,
  );
  const refresh = paced(async () => {
    const fleet = await get("/v1/fleet");
    const worst = fleet.worst.filter(({ alerts }) => alerts > 0);
    root.classList.toggle("calm", !worst.length);
    fill(
      list,
      worst.length
        ? worst.slice(0, SHOWN_MAX).map((one) => line(one, app))
        : h("li", { class: "none" }, "Nothing fires."),
      worst.length > SHOWN_MAX &&
        h("li", { class: "more" }, h("a", { href: address(["alerts"]) }, `All ${fleet.alerts.firing} alerts`)),
    );
  }, EVERY_MS);
  return { root, refresh, leave: refresh.end };
}

function line(one, app) {
  return h(
    "li",
    {},
    h(
      "a",
      { href: address(["devices", one.device]), "data-state": one.state },
      stateIcon(one.state),
      h(
        "span",
        { class: "worst-words" },
        h("b", {}, one.device),
        h("span", {}, brief({ summary: one.summary, at_ms: app.live.nowMs() })),
      ),
      one.since_ms !== null &&
        h("time", { class: "num", title: utc(one.since_ms) }, ago(one.since_ms, app.live.nowMs()).replace(" ago", "")),
    ),
  );
}
