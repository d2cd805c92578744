/** One alert: what, why as a picture, its life, and what people do about it. */

import { fill, h } from "../base/dom.js";
import { brief, metricName, metricUnit, moment, span, utc } from "../base/format.js";
import { address } from "../base/router.js";
import { get, part } from "../data/api.js";
import { paced } from "../data/live.js";
import { seriesOf } from "../data/series.js";
import { timeView } from "../data/view.js";
import { alertActions } from "./alert-actions.js";
import { evidencePanel } from "./alert-evidence.js";
import { factList, lifePanel } from "./alert-life.js";
import { marksOf, phaseIcon } from "./alerts.js";
import { emptyState, failure } from "./plain.js";
import { seriesPanel } from "./series-panel.js";

const EVERY_MS = 1_500;
const CONTEXT_MS_MIN = 1_800_000;

/** Show an alert by its id. */
export function alertPage(main, { app, id }) {
  const ending = new AbortController();
  const head = h("div", { class: "page-head" });
  const doing = h("div", { class: "actions" });
  const context = h("div");
  const evidence = h("div");
  const side = h("aside", { class: "alert-side" });
  main.append(
    head,
    doing,
    h("div", { class: "alert-page" }, h("div", { class: "alert-main" }, context, evidence), side),
  );
  let panel = null;
  let shown = "";

  const load = paced(async () => {
    try {
      show(await get(`/v1/alerts/${part(id)}`, {}, { signal: ending.signal }));
    } catch (error) {
      if (error.status === 404) nobody(main);
      else if (!shown && error.name !== "AbortError") fill(head, failure(error));
    }
  }, EVERY_MS);

  function show(alert) {
    const text = JSON.stringify(alert);
    if (text === shown) return;
    shown = text;
    fill(head, headOf(alert, app));
    document.title = `${alert.device}: ${brief(alert)} · Tocsin`;
    fill(doing, app.me.role === "operator" && alertActions(alert, load));
    fill(evidence, evidencePanel(alert));
    fill(side, lifePanel(alert, app), factList(alert));
    if (!panel && alert.metric) begin(alert);
    panel?.update(alert);
  }

  function begin(alert) {
    panel = contextPanel(alert, app, ending.signal);
    fill(context, panel.root);
    panel.begin();
  }

  const stop = app.live.on(({ alerts, actions, back, moved }) => {
    const mine =
      alerts.some((one) => one.id === id || id === one.id.split("-")[0]) ||
      actions.some((one) => one.alert?.startsWith(id.split("-")[0]));
    if (mine || back) load();
    if (moved || mine || back) panel?.freshen(mine || back);
  });
  load();
  return () => {
    ending.abort();
    stop();
    load.end();
    panel?.leave();
  };
}

function nobody(main) {
  main.replaceChildren();
  main.append(
    emptyState("No such alert", "It may be older than what is kept.", h("a", { href: address(["alerts"]) }, "To the alerts")),
  );
}

function headOf(alert, app) {
  const now = app.live.nowMs();
  const since = alert.fired_ms ?? alert.since_ms;
  const lasted = span(Math.max(0, (alert.ended_ms ?? now) - since));
  return [
    h("p", { class: "crumb" }, h("a", { href: address(["alerts"]) }, "Alerts")),
    h("h1", { class: "alert-title", title: alert.summary }, phaseIcon(alert), h("span", {}, brief(alert))),
    h(
      "p",
      { class: "facts" },
      [
        h(
          "span",
          { class: "state-word", "data-state": alert.phase === "firing" ? alert.severity : "past" },
          `${alert.severity} ${alert.phase}`,
        ),
        h("a", { href: address(["devices", alert.device]) }, alert.device),
        alert.site && ["at ", alert.site],
        [
          h("time", { class: "num", title: utc(since) }, moment(since, now)),
          alert.ended_ms ? `, lasted ${lasted}` : `, for ${lasted}`,
        ],
        ...marksOf(alert),
      ]
        .filter(Boolean)
        .map((one) => h("span", {}, one)),
    ),
  ];
}

/** The series around the alert, from before it until after it, or now. */
function contextPanel(alert, app, signal) {
  const endOf = (one) => {
    const until = one.ended_ms ?? app.live.newestMs();
    return one.ended_ms === null
      ? until
      : Math.min(app.live.newestMs(), until + Math.max(CONTEXT_MS_MIN / 2, (until - one.since_ms) * 0.4));
  };
  const fromOf = (one) => one.since_ms - Math.max(CONTEXT_MS_MIN, (endOf(one) - one.since_ms) * 0.6);
  const view = timeView(() => app.live.newestMs(), { lengthMs: endOf(alert) - fromOf(alert), endMs: endOf(alert) });
  let panel = null;
  let current = alert;
  let moved = false;
  const root = h("div");
  const load = paced(async () => panel?.load(view, { fresh: true, signal }), EVERY_MS);
  const unview = view.on(() => {
    panel?.look();
    load();
  });
  return {
    root,
    async begin() {
      const device = await get(`/v1/devices/${part(alert.device)}`, {}, { signal }).catch(() => null);
      const metric = device?.metrics.find((one) => one.metric === alert.metric);
      if (!metric || signal.aborted) return;
      const series = seriesOf(alert.device, alert.metric, Math.min(...metric.sizes_ms));
      panel = seriesPanel({
        metric: alert.metric,
        unit: metricUnit(alert.metric, alert.unit),
        view,
        sync: null,
        series,
        app,
      });
      fill(root, panel.root);
      panel.begin(view);
      panel.root.addEventListener("pointerdown", () => {
        moved = true;
      });
      panel.root.querySelector("h2").textContent = `${metricName(alert.metric)} around it`;
      load();
    },
    update(next) {
      current = next;
    },
    freshen(stale) {
      if (stale) panel?.stale();
      if (!moved && current.ended_ms === null) view.show(fromOf(current), endOf(current));
      load();
    },
    leave() {
      unview();
      load.end();
      panel?.leave();
    },
  };
}
