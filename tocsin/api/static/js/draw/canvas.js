/** Canvases that are sharp on every screen. */

/** Fit the canvas to its box; returns its context in CSS pixels, cleared, with width and height. */
export function fitted(canvas, width, height) {
  const ratio = Math.min(window.devicePixelRatio || 1, 3);
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

const OUTLINES = new Set(["quiet", "pending", "revised", "late"]);

/** Draw the shape of a state around a centre; the same shapes as the icons. */
export function shape(context, state, x, y, radius) {
  context.beginPath();
  if (state === "critical") octagon(context, x, y, radius);
  else if (state === "warning" || state === "pending") triangle(context, x, y, radius);
  else if (state === "revised") diamond(context, x, y, radius);
  else if (state === "late") cross(context, x, y, radius);
  else context.arc(x, y, state === "ok" ? radius * 0.55 : radius * 0.9, 0, 2 * Math.PI);
  if (OUTLINES.has(state)) context.stroke();
  else context.fill();
}

function octagon(context, x, y, radius) {
  const cut = radius * 0.42;
  [
    [-cut, -radius],
    [cut, -radius],
    [radius, -cut],
    [radius, cut],
    [cut, radius],
    [-cut, radius],
    [-radius, cut],
    [-radius, -cut],
  ].forEach(([dx, dy]) => context.lineTo(x + dx, y + dy));
  context.closePath();
}

function triangle(context, x, y, radius) {
  context.moveTo(x, y - radius);
  context.lineTo(x + radius, y + radius * 0.8);
  context.lineTo(x - radius, y + radius * 0.8);
  context.closePath();
}

function diamond(context, x, y, radius) {
  context.moveTo(x, y - radius);
  context.lineTo(x + radius, y);
  context.lineTo(x, y + radius);
  context.lineTo(x - radius, y);
  context.closePath();
}

function cross(context, x, y, radius) {
  const reach = radius * 0.8;
  context.moveTo(x - reach, y - reach);
  context.lineTo(x + reach, y + reach);
  context.moveTo(x - reach, y + reach);
  context.lineTo(x + reach, y - reach);
}
