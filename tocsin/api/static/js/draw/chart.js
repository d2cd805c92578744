/**
 * One series over time, drawn by uPlot: mean as a line, smallest to largest as a light band, the expected band
 * behind them, gaps left open, alerts as spans, anomalies and late readings as marks.
 *
 * The model of a series: `{t, mean, min, max, low, high, marks, spans, limit}`; `t` in milliseconds, ascending,
 * the others as long as `t` with null where there is nothing.
 */

import { clock, clockSeconds, day, number } from "../base/format.js";
import { colour, onTheme, tint } from "../base/theme.js";
import { drawGaps, drawLimit, drawMarks, drawSpans } from "./overlay.js";

const MEAN = 5;
const DAY = 86_400_000;

/**
 * @param {HTMLElement} mount Where it is drawn; its width counts.
 * @param {object} options `height`, `sync` (charts with the same one share a cursor), `unit`,
 *   `hover(model, index | null)`.
 */
export function chart(mount, { height = 170, sync = null, unit = "", hover = () => {} } = {}) {
  let model = emptyModel();
  let view = null;
  let plot = build();
  const width = () => Math.max(200, mount.clientWidth);

  function build() {
    return new uPlot(options(), columns(model), mount);
  }

  function options() {
    return {
      width: Math.max(200, mount.clientWidth),
      height,
      ms: 1,
      pxAlign: 1,
      legend: { show: false },
      padding: [10, 22, 0, 0],
      cursor: {
        sync: sync ? { key: sync, setSeries: false } : undefined,
        drag: { x: false, y: false, setScale: false },
        y: false,
        points: {
          size: 7,
          fill: () => colour("accent"),
          stroke: () => colour("surface"),
          width: 2,
          show: (u, i) => (i === MEAN ? undefined : false),
        },
      },
      scales: { x: { time: true, auto: false, range: () => view ?? [0, 1] }, y: { range: yRange } },
      axes: axes(unit),
      series: seriesOptions(),
      bands: [
        { series: [2, 1], fill: tint("ok", 0.13) },
        { series: [4, 3], fill: tint("accent", 0.16) },
      ],
      hooks: {
        drawClear: [
          (u) => {
            drawSpans(u, model.spans);
            drawGaps(u, model);
          },
        ],
        draw: [
          (u) => {
            drawLimit(u, model.limit);
            drawMarks(u, model.marks);
          },
        ],
        setCursor: [(u) => hover(model, u.cursor.left >= 0 ? u.cursor.idx : null)],
      },
    };
  }

  function rebuild() {
    plot.destroy();
    plot = build();
  }

  const observer = new ResizeObserver(() => {
    if (mount.clientWidth && plot.width !== width()) plot.setSize({ width: width(), height });
  });
  observer.observe(mount);
  const ended = onTheme(rebuild);
  return {
    get over() {
      return plot.over;
    },
    get model() {
      return model;
    },
    setData(next) {
      model = { ...emptyModel(), ...next };
      plot.setData(columns(model), false);
      plot.redraw(false, true);
      if (view) plot.setScale("x", { min: view[0], max: view[1] });
    },
    setView(fromMs, toMs) {
      if (view && view[0] === fromMs && view[1] === toMs) return;
      view = [fromMs, toMs];
      plot.setScale("x", { min: fromMs, max: toMs });
    },
    leave() {
      ended();
      observer.disconnect();
      plot.destroy();
    },
  };
}

/** A model with nothing in it. */
const emptyModel = () => ({
  t: [],
  mean: [],
  min: [],
  max: [],
  low: [],
  high: [],
  marks: [],
  spans: [],
  limit: [],
  gapMs: 0,
});

const columns = (model) => [model.t, model.low, model.high, model.min, model.max, model.mean];

function seriesOptions() {
  const silent = { points: { show: false }, stroke: "transparent", width: 0 };
  const edge = { points: { show: false }, stroke: tint("ok", 0.45), width: 1, dash: [3, 4] };
  const line = { points: { show: alone, size: 3, fill: colour("accent") }, stroke: colour("accent"), width: 1.6 };
  return [{}, edge, edge, silent, silent, line];
}

/** Points are drawn only for values that stand between two gaps: a line cannot show them. */
function alone(u, seriesIndex, from, to) {
  const values = u.data[seriesIndex];
  const found = [];
  for (let i = from; i <= to; i += 1)
    if (values[i] != null && values[i - 1] == null && values[i + 1] == null) found.push(i);
  return found.length ? found : false;
}

function yRange(u, low, high) {
  if (low === null || !Number.isFinite(low)) return [0, 1];
  const room = (high - low) * 0.12 || Math.abs(high) * 0.05 || 1;
  return [low - room, high + room];
}

function axes(unit) {
  const shared = {
    stroke: () => colour("muted"),
    font: "11px Inter, system-ui, sans-serif",
    grid: { stroke: () => colour("line"), width: 1 },
    ticks: { show: false },
  };
  return [
    {
      ...shared,
      grid: { show: false },
      size: 26,
      space: 72,
      values: (u, splits, axis, space, step) => timeWords(splits, step),
    },
    { ...shared, size: 54, space: 34, gap: 6, values: (u, splits) => splits.map(number) },
  ];
}

function timeWords(splits, stepMs) {
  let last = "";
  return splits.map((at) => {
    const date = day(at);
    const words = stepMs >= DAY ? date : stepMs < 60_000 ? clockSeconds(at) : clock(at);
    const turned = last && last !== date && stepMs < DAY;
    last = date;
    return turned ? date : words;
  });
}
