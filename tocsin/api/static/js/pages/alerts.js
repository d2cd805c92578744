/** All alerts, newest move first, and the silences. */

import { fill, h, mark, write } from "../base/dom.js";
import { brief, many, moment, span, utc } from "../base/format.js";
import { address, amend } from "../base/router.js";
import { get } from "../data/api.js";
import { paced } from "../data/live.js";
import { icon, shapeOf, stateIcon } from "../ui/icons.js";
import { virtualList } from "../ui/virtual-list.js";
import { searchField } from "./fleet-filters.js";
import { emptyState, failure } from "./plain.js";
import { silenceList } from "./silences.js";

const TABS = [
  ["firing", "Firing"],
  ["pending", "Pending"],
  ["", "All"],
  ["silences", "Silences"],
];
const SEVERITIES = ["critical", "warning", "info"];
const PAGE = 200;
const LOADED_MAX = 10_000;
/** So many screens before the end of what is loaded, more is asked for. */
const AHEAD_SCREENS = 3;
const EVERY_MS = 1_500;

/** Show alerts; `query` holds tab and filter. */
export function alertsPage(main, { app, query }) {
  const filter = {
    phase: query.get("phase") ?? "firing",
    severity: query.get("severity") ?? "",
    q: query.get("q") ?? "",
  };
  const ending = new AbortController();
  const total = h("span", { class: "total num", role: "status" });
  const body = h("div");
  const tabs = TABS.map(([name, words]) =>
    h("button", { type: "button", onclick: () => choose({ phase: name }), "data-name": name }, words),
  );
  const severity = h(
    "select",
    { "aria-label": "Severity", onchange: (event) => choose({ severity: event.target.value }) },
    h("option", { value: "" }, "All severities"),
    SEVERITIES.map((one) => h("option", { value: one, selected: one === filter.severity }, one)),
  );
  const search = searchField(filter.q, (q) => choose({ q }), "Search alerts");
  main.append(
    h("div", { class: "page-head" }, h("h1", {}, "Alerts")),
    h(
      "div",
      { class: "toolbar" },
      h("div", { class: "segments", role: "group", "aria-label": "Which" }, tabs),
      search,
      severity,
      total,
    ),
    body,
  );
  let shown = null;
  let refresh = () => {};

  function choose(part) {
    Object.assign(filter, part);
    amend({ ...filter, phase: filter.phase === "firing" ? null : filter.phase || "all" });
    show();
  }

  function show() {
    if (filter.phase === "all") filter.phase = "";
    tabs.forEach((tab) => mark(tab, "aria-pressed", String(tab.dataset.name === filter.phase)));
    shown?.leave();
    const silences = filter.phase === "silences";
    search.hidden = severity.hidden = silences;
    shown = silences ? silenceList(app) : alertList(app, filter, total, ending.signal);
    write(total, "");
    fill(body, shown.root);
    refresh = shown.refresh;
    refresh();
  }
  const stop = app.live.on(({ alerts, actions, back, moved }) => {
    if (alerts.length || actions.length || back) refresh();
    else if (moved) shown.tick?.();
  });
  show();
  return () => {
    ending.abort();
    stop();
    shown.leave();
  };
}

function alertList(app, filter, total, signal) {
  const phases = filter.phase || "firing,resolved,pending,inactive,expired";
  const list = virtualList({
    label: "Alerts",
    make: emptyRow,
    show: (row, item) => showRow(row, item, app.live.nowMs()),
    address: ({ id }) => address(["alerts", id]),
  });
  const words = filter.q.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (one) =>
    words.every((word) =>
      `${one.summary} ${one.device} ${one.site} ${one.rule} ${one.metric}`.toLowerCase().includes(word),
    );
  const none = h("div", { hidden: true });
  const trouble = h("div");
  let wanted = PAGE;
  let cursor = null;
  const refresh = paced(async () => {
    try {
      const items = [];
      cursor = null;
      do {
        const page = await get(
          "/v1/alerts",
          { phase: phases, severity: filter.severity, limit: PAGE, cursor },
          { signal },
        );
        items.push(...page.items);
        cursor = page.cursor;
      } while (cursor && items.length < (words.length ? LOADED_MAX : wanted));
      const found = items.filter(fits);
      fill(trouble);
      list.setItems(found);
      write(total, cursor ? `the newest ${many(found.length, "alert")}` : many(found.length, "alert"));
      none.hidden = found.length > 0;
      fill(
        none,
        filter.phase === "firing" && !filter.q && !filter.severity
          ? emptyState("Nothing fires", "When something does, it shows here at once.")
          : emptyState("No alert fits", "Another tab or fewer words may."),
      );
    } catch (error) {
      if (error.name !== "AbortError" && error.status !== 0) fill(trouble, failure(error));
    }
  }, EVERY_MS);
  const scrolled = () => {
    const left = list.root.getBoundingClientRect().bottom - window.innerHeight;
    if (!cursor || wanted >= LOADED_MAX || left > AHEAD_SCREENS * window.innerHeight) return;
    wanted += PAGE;
    cursor = null;
    refresh();
  };
  window.addEventListener("scroll", scrolled, { passive: true });
  return {
    root: h("div", { class: "alerts" }, trouble, list.root, none),
    refresh,
    tick: list.refresh,
    leave() {
      refresh.end();
      window.removeEventListener("scroll", scrolled);
      list.leave();
    },
  };
}

function emptyRow() {
  const cell = (name, ...inside) => h("span", { role: "gridcell", class: name }, inside);
  return h(
    "div",
    { class: "alert-row" },
    cell("c-state"),
    cell("c-name", h("a", { tabindex: -1 }), h("span", { class: "c-summary" })),
    cell("c-site"),
    cell("c-marks"),
    cell("c-since num", h("time"), h("span", { class: "muted" })),
  );
}

function showRow(row, alert, nowMs) {
  const [state, name, site, marks, since] = row.children;
  const drawn = `${alert.phase}${alert.severity}${alert.acknowledged_by ?? ""}${alert.assignee ?? ""}${alert.amendment ?? ""}${alert.silenced}${alert.notes}`;
  if (row.drawn !== drawn) {
    row.drawn = drawn;
    row.dataset.state = alert.phase === "firing" ? alert.severity : "past";
    fill(state, phaseIcon(alert));
    fill(marks, marksOf(alert));
  }
  write(name.firstChild, alert.device);
  mark(name.firstChild, "href", address(["alerts", alert.id]));
  write(name.lastChild, brief(alert));
  write(site, alert.site);
  write(since.firstChild, moment(alert.fired_ms ?? alert.since_ms, nowMs));
  mark(since.firstChild, "title", utc(alert.fired_ms ?? alert.since_ms));
  const lasted = Math.max(0, (alert.ended_ms ?? nowMs) - (alert.fired_ms ?? alert.since_ms));
  write(since.lastChild, `${alert.phase === "firing" || alert.phase === "pending" ? "for " : ""}${span(lasted)}`);
}

/** The drawing of how the alert stands. */
export const phaseIcon = ({ phase, severity }) => stateIcon(shapeOf(phase, severity));

/** What people did, as small marks with words. */
export function marksOf(alert) {
  const found = [];
  if (alert.acknowledged_by) found.push(["resolved", `acknowledged by ${alert.acknowledged_by}`]);
  if (alert.assignee) found.push(["person", alert.assignee]);
  if (alert.silenced) found.push(["silenced", "silenced"]);
  if (alert.closed_by) found.push(["close", `closed by ${alert.closed_by}`]);
  if (alert.amendment) found.push(["note", `late data: ${alert.amendment}`]);
  if (alert.notes) found.push(["note", many(alert.notes, "note")]);
  return found.map(([drawing, words]) => h("span", { class: "tag" }, icon(drawing), words));
}
