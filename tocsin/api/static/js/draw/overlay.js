/** What lies over or under a chart: alerts as spans, gaps as hatching, limits as lines, readings as marks. */

import { colour, tint } from "../base/theme.js";
import { shape } from "./canvas.js";

const HATCH = 7;
const OPEN_GAPS = 3;

/**
 * Shade the time of each alert: `{fromMs, toMs, severity}`; a bar above says it where the shade is too faint.
 * A span that `isCause` has its bar below, and a line where it begins.
 */
export function drawSpans(u, spans) {
  const { ctx, bbox } = u;
  for (const { fromMs, toMs, severity, isCause } of spans) {
    const left = Math.max(bbox.left, u.valToPos(fromMs, "x", true));
    const right = Math.min(bbox.left + bbox.width, u.valToPos(toMs, "x", true));
    if (right <= bbox.left || left >= bbox.left + bbox.width) continue;
    const wide = Math.max(2, right - left);
    ctx.save();
    ctx.fillStyle = isCause ? "transparent" : tint(severity, 0.07);
    ctx.fillRect(left, bbox.top, wide, bbox.height);
    ctx.fillStyle = colour(severity);
    ctx.fillRect(
      left,
      isCause ? bbox.top + bbox.height - 4 * devicePixelRatio : bbox.top - 4 * devicePixelRatio,
      wide,
      (isCause ? 4 : 3) * devicePixelRatio,
    );
    if (isCause && left > bbox.left) ctx.fillRect(left, bbox.top, devicePixelRatio, bbox.height);
    ctx.restore();
  }
}

/** Hatch where nothing was measured: between two points further apart than `gapMs`, or where the mean is null. */
export function drawGaps(u, model) {
  for (const [fromMs, toMs] of gaps(model)) {
    const left = Math.max(u.bbox.left, u.valToPos(fromMs, "x", true));
    const right = Math.min(u.bbox.left + u.bbox.width, u.valToPos(toMs, "x", true));
    if (right - left > 2) hatch(u, left, right);
  }
}

/** The gaps of a series as pairs of instants; one that lasts to the end is longer than windows take to close. */
function gaps({ t, mean, gapMs, untilMs }) {
  const found = [];
  let last = null;
  for (let i = 0; i < t.length; i += 1) {
    if (mean[i] === null || mean[i] === undefined) continue;
    if (last !== null && gapMs && t[i] - t[last] > gapMs) found.push([t[last], t[i]]);
    last = i;
  }
  if (last !== null && gapMs && untilMs - t[last] > OPEN_GAPS * gapMs) found.push([t[last], untilMs]);
  return found;
}

function hatch(u, left, right) {
  const { ctx, bbox } = u;
  const step = HATCH * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, bbox.top, right - left, bbox.height);
  ctx.clip();
  ctx.strokeStyle = tint("muted", 0.22);
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  for (let x = left - bbox.height; x < right; x += step) {
    ctx.moveTo(x, bbox.top + bbox.height);
    ctx.lineTo(x + bbox.height, bbox.top);
  }
  ctx.stroke();
  ctx.restore();
}

/** Draw limits: `[{value, severity}]`, dashed, where they lie in sight. */
export function drawLimit(u, limits) {
  const { ctx, bbox } = u;
  for (const { value, severity } of limits) {
    const y = u.valToPos(value, "y", true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.save();
    ctx.strokeStyle = colour(severity);
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }
}

const OF_READINGS = new Set(["revised", "late"]);
const MUTED = new Set([...OF_READINGS, "pending"]);

/**
 * Draw marks `{atMs, value, kind}`: severities as on every page, `revised` as an open diamond on the line, `late` as
 * a cross where the reading was; one that lies beyond the scale stands at its edge.
 */
export function drawMarks(u, marks) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.lineWidth = 1.6 * devicePixelRatio;
  for (const { atMs, value, kind } of marks) {
    const x = u.valToPos(atMs, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const y = heightOf(u, value);
    const radius = (OF_READINGS.has(kind) ? 4.5 : 5.5) * devicePixelRatio;
    ctx.fillStyle = colour("surface");
    if (!OF_READINGS.has(kind)) {
      ctx.beginPath();
      ctx.arc(x, y, radius * 1.45, 0, 2 * Math.PI);
      ctx.fill();
    }
    ctx.fillStyle = ctx.strokeStyle = colour(MUTED.has(kind) ? "muted" : kind);
    shape(ctx, kind, x, y, radius);
  }
  ctx.restore();
}

function heightOf(u, value) {
  const { top, height } = u.bbox;
  const edge = 8 * devicePixelRatio;
  if (value === null) return top + height - edge;
  return Math.min(Math.max(u.valToPos(value, "y", true), top + edge), top + height - edge);
}
