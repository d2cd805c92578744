/** Small drawings. What a state means shows in the shape; colour only repeats it. */

import { s } from "../base/dom.js";

const SHAPES = {
  critical: () => [
    s("path", { d: "M5.2 1.2h5.6l4 4v5.6l-4 4H5.2l-4-4V5.2z", fill: "currentColor" }),
    s("path", { d: "M8 4.3v4.6M8 11.1v.9", class: "cut" }),
  ],
  warning: () => [
    s("path", { d: "M8 1.4 15.2 14H.8z", fill: "currentColor", "stroke-linejoin": "round" }),
    s("path", { d: "M8 6v4M8 11.6v.9", class: "cut" }),
  ],
  info: () => [
    s("circle", { cx: 8, cy: 8, r: 6.8, fill: "currentColor" }),
    s("path", { d: "M8 7.2v4.4M8 4.2v1", class: "cut" }),
  ],
  quiet: () => [
    s("circle", {
      cx: 8,
      cy: 8,
      r: 5.6,
      fill: "none",
      stroke: "currentColor",
      "stroke-width": 1.8,
      "stroke-dasharray": "2.6 2.2",
    }),
  ],
  ok: () => [s("circle", { cx: 8, cy: 8, r: 3, fill: "currentColor" })],
  pending: () => [
    s("path", {
      d: "M8 2.2 14.2 13H1.8z",
      fill: "none",
      stroke: "currentColor",
      "stroke-width": 1.6,
      "stroke-linejoin": "round",
    }),
  ],
  expired: () => [
    s("circle", { cx: 8, cy: 8, r: 5.6, class: "line" }),
    s("path", { d: "M8 4.9v3.3l2.2 1.4", class: "line" }),
  ],
  resolved: () => [s("path", { d: "m3 8.6 3.3 3.2L13 4.6", class: "line" })],
  bell: () => [
    s("path", {
      d: "M3.2 11.6c1-1 1.3-2.2 1.3-4.3C4.5 4.9 5.9 3.3 8 3.3s3.5 1.6 3.5 4c0 2.1.3 3.3 1.3 4.3zM6.6 13.7h2.8M8 1.6v1.6",
      class: "line",
    }),
  ],
  silenced: () => [
    s("path", {
      d: "M3.2 11.6c1-1 1.3-2.2 1.3-4.3C4.5 4.9 5.9 3.3 8 3.3s3.5 1.6 3.5 4c0 2.1.3 3.3 1.3 4.3zM6.6 13.7h2.8M2 2l12 12",
      class: "line",
    }),
  ],
  person: () => [
    s("circle", { cx: 8, cy: 5.2, r: 2.6, class: "line" }),
    s("path", { d: "M2.8 13.8c.5-2.8 2.4-4.2 5.2-4.2s4.7 1.4 5.2 4.2", class: "line" }),
  ],
  note: () => [s("path", { d: "M2.6 3h10.8v7.6H7.2L4.4 13v-2.4H2.6z", class: "line" })],
  search: () => [
    s("circle", { cx: 7, cy: 7, r: 4.4, class: "line" }),
    s("path", { d: "m10.4 10.4 3.8 3.8", class: "line" }),
  ],
  sun: () => [
    s("circle", { cx: 8, cy: 8, r: 2.8, class: "line" }),
    s("path", {
      d: "M8 1.3v1.7M8 13v1.7M1.3 8H3M13 8h1.7M3.3 3.3l1.2 1.2M11.5 11.5l1.2 1.2M12.7 3.3l-1.2 1.2M4.5 11.5l-1.2 1.2",
      class: "line",
    }),
  ],
  moon: () => [s("path", { d: "M13.4 9.8A6 6 0 0 1 6.2 2.6a6 6 0 1 0 7.2 7.2z", class: "line" })],
  system: () => [
    s("circle", { cx: 8, cy: 8, r: 5.8, class: "line" }),
    s("path", { d: "M8 2.2a5.8 5.8 0 0 1 0 11.6z", fill: "currentColor" }),
  ],
  pause: () => [s("path", { d: "M5.4 3.2v9.6M10.6 3.2v9.6", class: "line heavy" })],
  play: () => [s("path", { d: "M4.6 2.8v10.4L13 8z", fill: "currentColor" })],
  back: () => [s("path", { d: "M9.8 3.2 5 8l4.8 4.8", class: "line" })],
  forth: () => [s("path", { d: "M6.2 3.2 11 8l-4.8 4.8", class: "line" })],
  fleet: () =>
    [2, 6.5, 11].flatMap((y) =>
      [2, 6.5, 11].map((x) => s("rect", { x, y, width: 3, height: 3, rx: 0.8, fill: "currentColor" })),
    ),
  flow: () => [s("path", { d: "M1.5 8h3M11.5 8h3M4.5 4.5h7v7h-7z", class: "line" })],
  bolt: () => [s("path", { d: "M9 1.5 3.5 9H8l-1 5.5L12.5 7H8z", class: "line" })],
  close: () => [s("path", { d: "m4 4 8 8M12 4l-8 8", class: "line" })],
  table: () => [s("path", { d: "M2 3.5h12v9H2zM2 6.5h12M2 9.5h12M6 3.5v9", class: "line" })],
};

/** Words for those who do not see the shape. */
export const STATE_WORDS = {
  critical: "critical",
  warning: "warning",
  info: "info",
  quiet: "quiet",
  ok: "fine",
  pending: "pending",
  resolved: "resolved",
  expired: "expired",
};

/** Return the drawing; without a label it is decoration. */
export function icon(name, label = "") {
  const shown = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
  return s("svg", { viewBox: "0 0 16 16", class: `icon icon-${name}`, ...shown }, SHAPES[name]?.() ?? SHAPES.info());
}

/** The state whose shape an alert has: that of its severity while it fires, else that of its phase. */
export function shapeOf(phase, severity) {
  if (phase === "firing") return severity;
  return phase === "resolved" || phase === "expired" ? phase : "pending";
}

/** The drawing of a state in its colour, with its word. */
export const stateIcon = (state) => icon(state in STATE_WORDS ? state : "info", STATE_WORDS[state] ?? state);
