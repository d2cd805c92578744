/** An alert as one line of a short list. */

import { h } from "../base/dom.js";
import { brief, moment, span, utc } from "../base/format.js";
import { address } from "../base/router.js";
import { shapeOf, stateIcon } from "../ui/icons.js";

/** A link to the alert that says what, since when, and how it stands. */
export function alertLine(alert, app) {
  const now = app.live.nowMs();
  const lasted = (alert.ended_ms ?? now) - (alert.fired_ms ?? alert.since_ms);
  return h(
    "a",
    {
      class: "alert-line",
      href: address(["alerts", alert.id]),
      "data-state": alert.phase === "firing" ? alert.severity : "past",
    },
    stateIcon(shapeOf(alert.phase, alert.severity)),
    h(
      "span",
      {},
      h("span", { class: "alert-summary" }, brief(alert)),
      h(
        "span",
        { class: "muted num" },
        h("time", { title: utc(alert.since_ms) }, moment(alert.since_ms, now)),
        ` · ${alert.phase === "firing" ? "for" : "lasted"} ${span(Math.max(0, lasted))}${alert.acknowledged_by ? ` · ${alert.acknowledged_by}` : ""}`,
      ),
    ),
  );
}
