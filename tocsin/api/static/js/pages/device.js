/** One device: each of its series over one span of time, and what fired on it. */

import { fill, h, write } from "../base/dom.js";
import { ago, metricUnit, utc } from "../base/format.js";
import { address, amend } from "../base/router.js";
import { get, part } from "../data/api.js";
import { paced } from "../data/live.js";
import { seriesOf } from "../data/series.js";
import { timeView } from "../data/view.js";
import { stateIcon, STATE_WORDS } from "../ui/icons.js";
import { keyMoves } from "../ui/panning.js";
import { rangeBar } from "../ui/range-bar.js";
import { alertLine } from "./alert-line.js";
import { emptyState, failure } from "./plain.js";
import { seriesPanel } from "./series-panel.js";

const HOUR_MS = 3_600_000;
const EVERY_MS = 1_500;
const HEAD_EVERY_MS = 3_000;
const SETTLE_MS = 120;
const ADDRESS_AFTER_MS = 300;

/** Show a device; the address says range and end. */
export function devicePage(main, { app, id, query }) {
  const ending = new AbortController();
  const view = timeView(() => app.live.newestMs(), {
    lengthMs: Number(query.get("range")) || HOUR_MS,
    endMs: Number(query.get("until")) || null,
  });
  const head = headOf(app, id);
  const charts = h("section", { class: "charts", "aria-label": "Series" });
  const alerts = h("div", { class: "alert-lines" });
  const bar = rangeBar(view, () => app.live.nowMs());
  const keyHint = h(
    "p",
    { class: "muted hint" },
    "Bar above: an alert. Green shade: what was expected. Dashed: a limit. Hatched: nothing came. Open diamond: late readings changed it. Cross: a reading that came too late to count. ",
    "Drag to move in time; Ctrl and wheel, or two fingers, to zoom; ← → + − and space do the same.",
  );
  main.append(
    head.root,
    bar.root,
    h(
      "div",
      { class: "device" },
      charts,
      h("aside", { class: "panel", "aria-label": "Alerts of this device" }, h("h2", {}, "Alerts"), alerts),
    ),
    keyHint,
  );
  let panels = [];
  let fresh = false;

  const load = paced(async () => {
    const wasFresh = fresh;
    fresh = false;
    await Promise.all(panels.map((panel) => panel.load(view, { fresh: wasFresh, signal: ending.signal })));
  }, SETTLE_MS);
  const loadFresh = paced(() => {
    fresh = true;
    load();
  }, EVERY_MS);
  const loadHead = async () => {
    const device = await get(`/v1/devices/${part(id)}`, {}, { signal: ending.signal });
    head.show(device);
    if (!panels.length) begin(device);
    panels.forEach((panel) => panel.showValue(device));
    const page = await get("/v1/alerts", { device: id, limit: 20 }, { signal: ending.signal });
    fill(
      alerts,
      page.items.length
        ? page.items.map((one) => alertLine(one, app))
        : h("p", { class: "none" }, "Nothing has fired on this device."),
    );
  };
  const guarded = paced(
    () =>
      loadHead().catch((error) => {
        if (error.status === 404) nobody(main, id);
        else if (!panels.length && error.name !== "AbortError") fill(charts, failure(error));
      }),
    HEAD_EVERY_MS,
  );

  function begin(device) {
    panels = worstFirst(device).map((metric) =>
      seriesPanel({
        metric: metric.metric,
        unit: metricUnit(metric.metric, metric.unit),
        view,
        sync: `device-${id}`,
        app,
        series: seriesOf(id, metric.metric, Math.min(...metric.sizes_ms)),
      }),
    );
    fill(
      charts,
      panels.map(({ root }) => root),
    );
    panels.forEach((panel) => panel.begin(view));
    load();
  }

  let frame = 0;
  let settling = 0;
  /** Hands move more often than a screen is drawn. The address costs more than a chart, so it comes at the end. */
  const moved = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      bar.show();
      panels.forEach((panel) => panel.look());
    });
    load();
    clearTimeout(settling);
    settling = setTimeout(settle, ADDRESS_AFTER_MS);
  };
  const settle = () =>
    amend({
      range: view.lengthMs === HOUR_MS ? null : Math.round(view.lengthMs),
      until: view.live ? null : Math.round(view.endMs),
    });
  const key = (event) => {
    if (!event.target.closest("input, select, textarea, button, a, dialog") && keyMoves(event, view))
      event.stopPropagation();
  };
  const unview = view.on(moved);
  document.addEventListener("keydown", key);
  const unlive = app.live.on(({ alerts: moves, back, moved: newer }) => {
    if (back || moves.some(({ device }) => device === id)) panels.forEach((panel) => panel.stale());
    guarded();
    if (!view.live && !back) return;
    loadFresh();
    if (newer) moved();
  });
  guarded();
  return () => {
    ending.abort();
    [unview, unlive].forEach((end) => end());
    document.removeEventListener("keydown", key);
    cancelAnimationFrame(frame);
    clearTimeout(settling);
    [load, loadFresh, guarded].forEach((one) => one.end());
    panels.forEach((panel) => panel.leave());
  };
}

/** The metrics, those on which something fires first: that is what one has come to see. */
function worstFirst({ metrics, firing }) {
  const fires = ({ metric }) => firing.some((one) => one.metric === metric);
  return [...metrics.filter(fires), ...metrics.filter((one) => !fires(one))];
}

function nobody(main, id) {
  main.replaceChildren();
  main.append(
    emptyState(
      "No such device",
      `Nothing has come from ${id} yet, or its windows are too old to be kept.`,
      h("a", { href: address([]) }, "To the fleet"),
    ),
  );
}

function headOf(app, id) {
  const state = h("span", { class: "state-mark" });
  const facts = h("p", { class: "facts" });
  const seen = h("time", { class: "num" });
  const root = h(
    "div",
    { class: "page-head" },
    h("p", { class: "crumb" }, h("a", { href: address([]) }, "Fleet")),
    h("h1", {}, state, h("span", {}, id)),
    facts,
  );
  const link = (key, name) =>
    name && h("a", { href: address(["devices"], { [key]: name }) }, name.replaceAll("_", " "));
  return {
    root,
    show(device) {
      fill(state, stateIcon(device.state));
      write(seen, device.seen_ms === null ? "never seen" : `seen ${ago(device.seen_ms, app.live.nowMs())}`);
      if (device.seen_ms !== null) seen.title = utc(device.seen_ms);
      fill(
        facts,
        [
          h("span", { class: "state-word", "data-state": device.state }, STATE_WORDS[device.state]),
          link("type", device.device_type),
          device.site && ["at ", link("site", device.site)],
          device.gateway && ["through ", link("gateway", device.gateway)],
          seen,
        ]
          .filter(Boolean)
          .map((one) => h("span", {}, one)),
      );
    },
  };
}
