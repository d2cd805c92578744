/** A series as small as a word. A gap stays a gap; the newest value has a dot. */

import { colour, tint } from "../base/theme.js";
import { fitted } from "./canvas.js";

/** Draw values (null where there is none), oldest first, from the smallest, or `from`, to the largest. */
export function sparkline(canvas, values, { width = 120, height = 28, tone = "accent", from = Infinity } = {}) {
  const context = fitted(canvas, width, height);
  const known = values.filter((value) => value !== null && Number.isFinite(value));
  if (known.length === 0) return;
  const low = Math.min(from, ...known);
  const high = Math.max(...known);
  const step = values.length > 1 ? (width - 6) / (values.length - 1) : 0;
  const x = (index) => 2 + index * step;
  const flat = from === low ? height - 4 : height / 2;
  const y = (value) => (high > low ? height - 4 - ((value - low) / (high - low)) * (height - 8) : flat);
  context.lineWidth = 1.25;
  context.lineJoin = "round";
  context.strokeStyle = colour(tone);
  context.fillStyle = tint(tone, 0.1);
  for (const run of runs(values)) stroke(context, run, x, y, height);
  dot(context, values, x, y, tone);
}

function* runs(values) {
  let run = [];
  for (const [index, value] of values.entries()) {
    if (value !== null && Number.isFinite(value)) run.push([index, value]);
    else if (run.length) {
      yield run;
      run = [];
    }
  }
  if (run.length) yield run;
}

function stroke(context, run, x, y, height) {
  context.beginPath();
  run.forEach(([index, value]) => context.lineTo(x(index), y(value)));
  context.stroke();
  context.lineTo(x(run.at(-1)[0]), height);
  context.lineTo(x(run[0][0]), height);
  context.fill();
}

function dot(context, values, x, y, tone) {
  const index = values.length - 1;
  if (values[index] === null || !Number.isFinite(values[index])) return;
  context.fillStyle = colour(tone);
  context.beginPath();
  context.arc(x(index), y(values[index]), 2, 0, 2 * Math.PI);
  context.fill();
}
