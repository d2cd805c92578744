/** One series of a device: its name, its newest value, its chart, and the same as a table. */

import { fill, h, mark, write } from "../base/dom.js";
import { many, metricName, number, quantity, timeElement, moment, utc } from "../base/format.js";
import { chart } from "../draw/chart.js";
import { icon } from "../ui/icons.js";
import { panning } from "../ui/panning.js";

const ROWS_MAX = 200;

/** @returns `{root, begin(view), look(), load(view, how), showValue(device), stale(), leave}`. */
export function seriesPanel({ metric, unit, view, sync, series, app, decorate = (model) => model }) {
  const value = h("b", { class: "num value" });
  const readout = h("span", { class: "readout num" });
  const holder = h("div", {
    class: "chart",
    role: "img",
    tabindex: 0,
    "aria-label": `${metricName(metric)} over time`,
  });
  const table = h("div", { class: "series-table", hidden: true });
  const button = h(
    "button",
    {
      type: "button",
      class: "ghost square",
      "aria-label": `${metricName(metric)} as a table`,
      title: "As a table",
      "aria-expanded": "false",
    },
    icon("table"),
  );
  const busy = h("i", { class: "busy", hidden: true });
  const root = h(
    "article",
    { class: "panel series" },
    h("header", {}, h("h2", {}, metricName(metric)), value, readout, busy, button),
    holder,
    table,
  );
  let plot = null;
  let drawn = null;
  let end = () => {};
  let told = false;

  const hover = (model, index) => write(readout, index === null || index === undefined ? "" : words(model, index));
  const words = (model, i) => {
    const at = bothTimes(model.t[i], app.live.nowMs());
    if (model.mean[i] === null) return `${at}  no readings`;
    const expected = model.low[i] === null ? "" : `  expected ${number(model.low[i])} to ${number(model.high[i])}`;
    return `${at}  ${quantity(model.mean[i], unit)}  (${number(model.min[i])} to ${number(model.max[i])})${expected}`;
  };
  button.addEventListener("click", () => {
    table.hidden = !table.hidden;
    mark(button, "aria-expanded", String(!table.hidden));
    showTable();
  });

  function showTable() {
    if (!table.hidden && series.model) fill(table, tableOf(series.model, unit, metric, view, app.live.nowMs()));
  }

  /** Only what is in sight is drawn: of a device with many series most are not. */
  function draw() {
    if (!plot || !sight.near) return;
    if (series.model && drawn !== series.model) plot.setData(decorate((drawn = series.model)));
    plot.setView(view.fromMs, view.endMs);
  }
  const sight = watchSight(root, draw);

  return {
    root,
    begin(shown) {
      plot = chart(holder, { sync, unit, hover });
      plot.setView(shown.fromMs, shown.endMs);
      end = panning(plot.over, view);
    },
    look: draw,
    async load(shown, how) {
      const slow = setTimeout(() => {
        busy.hidden = false;
      }, 300);
      try {
        if (!(await series.need(shown, how)) || !plot) return;
        draw();
        if (!told) write(value, quantity(series.model.mean.findLast((one) => Number.isFinite(one)) ?? null, unit));
        mark(holder, "aria-label", inWords(series.model, metric, unit));
        showTable();
      } finally {
        clearTimeout(slow);
        busy.hidden = true;
      }
    },
    /** Without this the newest value that was drawn is shown. */
    showValue(device) {
      told = true;
      const found = device.values.find((one) => one.metric === metric);
      write(value, found ? quantity(found.value, unit) : "–");
      mark(value, "title", found ? utc(found.at_ms) : null);
    },
    stale() {
      series.reload();
    },
    leave() {
      end();
      sight.leave();
      plot?.leave();
    },
  };
}

/** Call back when the element comes near what is in sight; `near` says whether it is. */
function watchSight(element, come) {
  const sight = { near: true, leave: () => observer.disconnect() };
  const observer = new IntersectionObserver(
    ([entry]) => {
      sight.near = entry.isIntersecting;
      if (sight.near) come();
    },
    { rootMargin: "200px" },
  );
  observer.observe(element);
  return sight;
}

/** The time in the viewer's zone, and in UTC where that is another one. */
function bothTimes(ms, nowMs) {
  const here = moment(ms, nowMs);
  return new Date(ms).getTimezoneOffset() ? `${here} (${utc(ms).slice(11, 16)} UTC)` : here;
}

const isAlert = ({ kind }) => kind !== "late" && kind !== "revised";

function lateInWords(marks) {
  const [late, revised] = ["late", "revised"].map((wanted) => marks.filter(({ kind }) => kind === wanted).length);
  return `${late ? `; ${many(late, "late reading")}` : ""}${revised ? `; ${many(revised, "revised point")}` : ""}`;
}

/** What the drawing says, in a sentence. */
function inWords({ mean, marks }, metric, unit) {
  const known = mean.filter((value) => value !== null && value !== undefined);
  if (!known.length) return `${metricName(metric)} over time: nothing was measured`;
  const between = `between ${number(Math.min(...known))} and ${quantity(Math.max(...known), unit)}`;
  return `${metricName(metric)} over time: ${known.length} points ${between}, the newest ${quantity(known.at(-1), unit)}; ${many(marks.filter(isAlert).length, "alert")}${lateInWords(marks)}`;
}

function tableOf(model, unit, metric, view, nowMs) {
  const rows = [];
  for (let i = model.t.length - 1; i >= 0 && rows.length < ROWS_MAX; i -= 1) {
    if (model.t[i] >= view.fromMs && model.t[i] <= view.endMs) rows.push(i);
  }
  return h(
    "table",
    {},
    h("caption", {}, `${metricName(metric)}${unit && `, ${unit}`}, newest first`),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        ["Time", "Mean", "Smallest", "Largest", "Expected"].map((words) => h("th", { scope: "col" }, words)),
      ),
    ),
    h(
      "tbody",
      {},
      rows.map((i) =>
        h(
          "tr",
          {},
          h("td", {}, timeElement(model.t[i], nowMs)),
          [model.mean, model.min, model.max].map((column) => h("td", { class: "num" }, number(column[i]))),
          h("td", { class: "num" }, model.low[i] === null ? "–" : `${number(model.low[i])} to ${number(model.high[i])}`),
        ),
      ),
    ),
  );
}
