/** The life of an alert: its moves and what people did, in order of time; and the facts to look up. */

import { h } from "../base/dom.js";
import { brief, clockSeconds, day, metricName, span, utc } from "../base/format.js";
import { address } from "../base/router.js";
import { icon, shapeOf, stateIcon } from "../ui/icons.js";

const ACTION_ICONS = {
  acknowledge: "resolved",
  assign: "person",
  note: "note",
  close: "close",
  silence: "silenced",
  unsilence: "bell",
};
const DECISIONS = {
  sent: "told in a message of its own",
  grouped: "told together with others",
  quiet: "recorded, nobody told",
  silenced: "silenced, nobody told",
  inhibited: "part of an outage, or muted by it",
  held: "held back by a silence",
};

/** Moves and actions, oldest first. */
export function lifePanel(alert) {
  const moves = alert.history.map((one) => ({ at: one.at_ms, order: one.number, element: moveLine(one, alert) }));
  const actions = alert.actions.map((one) => ({ at: one.at_ms, order: Infinity, element: actionLine(one) }));
  const all = [...moves, ...actions].sort((a, b) => a.at - b.at || a.order - b.order);
  return h(
    "section",
    { class: "panel life", "aria-label": "Life" },
    h("h2", {}, "Its life"),
    h(
      "ol",
      {},
      all.map(({ element }) => element),
    ),
  );
}

function when(ms) {
  return h(
    "time",
    { class: "num muted", datetime: new Date(ms).toISOString(), title: utc(ms) },
    `${day(ms)}, ${clockSeconds(ms)}`,
  );
}

function moveLine(move, alert) {
  const shape = shapeOf(move.phase, alert.severity);
  return h(
    "li",
    { "data-state": move.phase === "firing" ? alert.severity : "past" },
    stateIcon(shape),
    h(
      "div",
      {},
      h("b", {}, move.phase === "inactive" ? "calmed down" : move.phase),
      when(move.at_ms),
      h("p", {}, brief(move)),
      move.decision && h("p", { class: "muted" }, DECISIONS[move.decision] ?? move.decision),
    ),
  );
}

function actionLine(action) {
  const words = {
    acknowledge: "acknowledged",
    assign: `assigned to ${action.assignee}`,
    note: "noted",
    close: "closed",
    silence: "silenced",
    unsilence: "ended a silence",
  };
  const length = action.until_ms && action.kind !== "note" ? ` for ${span(action.until_ms - action.at_ms)}` : "";
  return h(
    "li",
    { class: "by-person" },
    icon(ACTION_ICONS[action.kind] ?? "person"),
    h(
      "div",
      {},
      h("b", {}, `${action.by} ${words[action.kind] ?? action.kind}${length}`),
      when(action.at_ms),
      action.text && h("p", { class: "said" }, action.text),
    ),
  );
}

/** What one copies into a ticket. */
export function factList(alert) {
  const facts = [
    ["Rule", alert.rule],
    ["Kind", alert.kind.replaceAll("_", " ")],
    ["Metric", alert.metric ? metricName(alert.metric) : "the whole device"],
    ["Type", alert.device_type.replaceAll("_", " ")],
    ["Gateway", alert.gateway],
    ["Alert", h("code", {}, alert.id)],
    ["Plan", h("code", {}, alert.plan_hash)],
    ["Reading", alert.position && h("code", {}, alert.position)],
  ].filter(([, value]) => value);
  const others = alert.episodes.filter((one) => one !== alert.id);
  return h(
    "section",
    { class: "panel", "aria-label": "Facts" },
    h("h2", {}, "Facts"),
    h(
      "dl",
      { class: "fact-list" },
      facts.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
      others.length > 0 && [
        h("dt", {}, "Before"),
        h(
          "dd",
          {},
          others
            .slice(0, 6)
            .map((one) => h("a", { href: address(["alerts", one]) }, `episode ${one.split("-").at(-1)}`)),
        ),
      ],
    ),
  );
}
