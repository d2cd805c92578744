/** Why an alert moved, drawn: the windows that led there against what was expected, and the parts of the score. */

import { h, s } from "../base/dom.js";
import { clock, count, metricUnit, number, quantity, span, utc } from "../base/format.js";

const HEIGHT = 190;
const LEFT = 58;
const BOTTOM = 24;
const TIMES = ["missing", "flatline"];

/** The panel with everything that the evidence holds. */
export function evidencePanel(alert) {
  return h(
    "section",
    { class: "panel evidence", "aria-label": "Evidence" },
    h("h2", {}, "Why it moved"),
    compared(alert),
    alert.panes.length > 0 && [h("h3", {}, "The windows that led there"), drawing(alert), legend(alert)],
    alert.parts.length > 0 && [h("h3", {}, "Parts of the score"), partBars(alert.parts)],
  );
}

const told = (alert, value) =>
  TIMES.includes(alert.kind) ? span(value) : quantity(value, metricUnit(alert.metric, alert.unit));

function compared(alert) {
  const facts = [["Value", told(alert, alert.value)]];
  if (alert.expected_low !== null && alert.expected_high !== null)
    facts.push(["Expected", `${number(alert.expected_low)} to ${told(alert, alert.expected_high)}`]);
  if (alert.score !== null) facts.push(["Score", number(alert.score)], ["Threshold", number(alert.threshold)]);
  else if (alert.threshold !== null) facts.push(["Limit", told(alert, alert.threshold)]);
  return h(
    "dl",
    { class: "compared" },
    facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", { class: "num" }, value))),
  );
}

/** The windows; where a single reading crossed the limit before its window closed, that reading as the last. */
function shown(alert) {
  if (!alert.position || TIMES.includes(alert.kind)) return alert.panes;
  const { value, at_ms: at } = { ...alert, at_ms: alert.fired_ms ?? alert.since_ms };
  return [...alert.panes, { start_ms: at, end_ms: at, count: 1, mean: value, min: value, max: value }];
}

/** A limit is of the metric's unit only where nothing was scored; a silence has no place on the scale of values. */
function lines(alert) {
  if (TIMES.includes(alert.kind)) return [];
  return alert.score === null && alert.threshold !== null ? [alert.threshold] : [];
}

/** Drawn at the size it is shown, so that its words are as large as all others. */
const widthHere = () => Math.max(290, Math.min(900, window.innerWidth - (window.innerWidth > 1080 ? 460 : 64)));

function drawing(alert) {
  const width = widthHere();
  const banded = alert.score !== null && alert.expected_low !== null && alert.expected_high !== null;
  const panes = shown(alert);
  const values = panes
    .flatMap(({ min, max, mean }) => [min, max, mean])
    .concat(lines(alert), banded ? [alert.expected_low, alert.expected_high] : [])
    .filter((value) => value !== null && Number.isFinite(value));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low) * 0.1 || Math.abs(high) * 0.05 || 1;
  const y = (value) => 10 + (1 - (value - low + room) / (high - low + 2 * room)) * (HEIGHT - BOTTOM - 16);
  const column = (width - LEFT - 12) / panes.length;
  const x = (index) => LEFT + column * (index + 0.5);
  return s(
    "svg",
    {
      width: width,
      height: HEIGHT,
      viewBox: `0 0 ${width} ${HEIGHT}`,
      class: "panes",
      role: "img",
      "aria-label": inWords(alert),
    },
    banded &&
      s("rect", {
        x: LEFT,
        width: width - LEFT - 12,
        y: y(alert.expected_high),
        height: Math.max(1, y(alert.expected_low) - y(alert.expected_high)),
        class: "band",
      }),
    [low, (low + high) / 2, high].map((value) => [
      s("line", { x1: LEFT, x2: width - 12, y1: y(value), y2: y(value), class: "grid" }),
      s("text", { x: LEFT - 8, y: y(value) + 4, class: "scale" }, number(value)),
    ]),
    lines(alert).map((value) =>
      s("line", { x1: LEFT, x2: width - 12, y1: y(value), y2: y(value), class: "limit", "data-state": alert.severity }),
    ),
    panes.map((pane, index) => paneShape(pane, alert, x(index), y)),
    panes.map(
      (pane, index) =>
        index % Math.ceil(panes.length / 5) === 0 &&
        s("text", { x: x(index), y: HEIGHT - 5, class: "when" }, clock(pane.start_ms)),
    ),
  );
}

function paneShape(pane, alert, x, y) {
  if (![pane.min, pane.max, pane.mean].every((value) => value !== null && Number.isFinite(value))) return null;
  const out = isOut(pane, alert);
  return s(
    "g",
    { class: out ? "pane out" : "pane", "data-state": alert.severity },
    s(
      "title",
      {},
      `${utc(pane.start_ms)}, ${count(pane.count)} readings: mean ${number(pane.mean)}, ${number(pane.min)} to ${number(pane.max)}`,
    ),
    s("rect", { x: x - 4, width: 8, y: y(pane.max), height: Math.max(2, y(pane.min) - y(pane.max)), rx: 4 }),
    out ? s("path", { d: `M${x} ${y(pane.mean) - 6}l6 6-6 6-6-6z` }) : s("circle", { cx: x, cy: y(pane.mean), r: 4 }),
  );
}

function isOut(pane, alert) {
  if (alert.score !== null && alert.expected_low !== null && alert.expected_high !== null)
    return pane.mean < alert.expected_low || pane.mean > alert.expected_high;
  if (TIMES.includes(alert.kind) || alert.threshold === null) return false;
  return alert.value >= alert.threshold ? pane.mean >= alert.threshold : pane.mean <= alert.threshold;
}

function inWords(alert) {
  const newest = alert.panes.at(-1);
  return `${alert.panes.length} windows; the newest has a mean of ${number(newest.mean)}, from ${number(newest.min)} to ${number(newest.max)}`;
}

function legend(alert) {
  const banded = alert.score !== null && alert.expected_low !== null;
  return h(
    "p",
    { class: "muted legend" },
    "bar: smallest to largest · dot: mean · diamond: out of what is allowed",
    banded && " · shade: expected",
    alert.position && !TIMES.includes(alert.kind) && " · last: the reading itself",
    lines(alert).length > 0 && " · dashed: limit",
  );
}

function partBars(parts) {
  const sorted = [...parts].sort((a, b) => Math.abs(b.share) - Math.abs(a.share));
  const most = Math.max(...sorted.map(({ share }) => Math.abs(share))) || 1;
  return h(
    "dl",
    { class: "parts" },
    sorted.map(({ name, share }) =>
      h(
        "div",
        {},
        h("dt", {}, name.replaceAll("_", " ")),
        h("dd", {}, h("i", { style: { width: `${(Math.abs(share) / most) * 100}%` } })),
        h("dd", { class: "num" }, number(share)),
      ),
    ),
  );
}
