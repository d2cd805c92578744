/** The series that a fault hurts, from before it until now: the wait for its alert, as a picture. */

import { fill, h } from "../base/dom.js";
import { metricUnit } from "../base/format.js";
import { address } from "../base/router.js";
import { get, part } from "../data/api.js";
import { paced } from "../data/live.js";
import { seriesOf } from "../data/series.js";
import { timeView } from "../data/view.js";
import { seriesPanel } from "./series-panel.js";

const BEFORE_MS = 45 * 60_000;
const AFTER_MS = 15 * 60_000;
const EVERY_MS = 1_200;

/**
 * A fault without a metric is watched where it was found, else on the first metric.
 *
 * @returns `{root, show(fault), leave}`.
 */
export function faultWatch(app) {
  const root = h("section", { class: "watch", "aria-label": "The fault that is watched", hidden: true });
  const ending = new AbortController();
  const view = timeView(() => app.live.newestMs(), { lengthMs: BEFORE_MS + AFTER_MS, endMs: null });
  let watched = null;
  let panel = null;
  const load = paced(async () => panel?.load(view, { fresh: true, signal: ending.signal }), EVERY_MS);
  const unview = view.on(() => {
    panel?.look();
    load();
  });
  const stop = app.live.on(({ alerts, back }) => {
    if (!watched) return;
    if (back || alerts.some(({ device }) => device === watched.devices[0])) panel?.stale();
    look();
  });

  function look() {
    const newest = app.live.newestMs();
    view.show(watched.start_ms - BEFORE_MS, Math.max(newest, watched.start_ms + AFTER_MS));
  }

  async function begin(fault) {
    const [id] = fault.devices;
    const device = await get(`/v1/devices/${part(id)}`, {}, { signal: ending.signal });
    const found = device.firing.find(({ metric }) => metric)?.metric;
    const metric = device.metrics.find((one) => one.metric === (fault.metric ?? found)) ?? device.metrics[0];
    if (!metric || watched !== fault) return;
    panel?.leave();
    panel = seriesPanel({
      metric: metric.metric,
      unit: metricUnit(metric.metric, metric.unit),
      view,
      sync: null,
      app,
      series: seriesOf(id, metric.metric, Math.min(...metric.sizes_ms)),
      decorate: (model) => ({
        ...model,
        spans: [{ fromMs: fault.start_ms, toMs: fault.end_ms, severity: "accent", isCause: true }, ...model.spans],
      }),
    });
    fill(
      root,
      panel.root,
      h(
        "p",
        { class: "muted" },
        `The bar below: ${fault.kind.replaceAll("_", " ")} on `,
        h("a", { href: address(["devices", id]) }, id),
        ". The bar above: what fired.",
      ),
    );
    root.hidden = false;
    panel.begin(view);
    look();
  }

  return {
    root,
    show(fault) {
      if (!fault || watched?.id === fault.id) return;
      watched = fault;
      begin(fault).catch(() => {
        watched = null;
      });
    },
    leave() {
      ending.abort();
      [unview, stop].forEach((end) => end());
      load.end();
      panel?.leave();
    },
  };
}
