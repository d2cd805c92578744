/** Which span of time is in sight: live at its right edge, or held where the viewer put it. */

const MIN_MS = 60_000;
const MAX_MS = 400 * 86_400_000;

/** Lengths to choose from, in milliseconds. */
export const RANGES = [
  ["15 min", 900_000],
  ["1 h", 3_600_000],
  ["6 h", 21_600_000],
  ["24 h", 86_400_000],
  ["7 d", 604_800_000],
];

/**
 * @param {() => number} nowMs The pipeline's clock.
 * @param {{lengthMs: number, endMs: number | null}} begin `endMs` null is live.
 */
export function timeView(nowMs, begin) {
  let { lengthMs, endMs } = begin;
  const listeners = new Set();
  const told = () => listeners.forEach((listener) => listener());
  const view = {
    get lengthMs() {
      return lengthMs;
    },
    get nowMs() {
      return nowMs();
    },
    get live() {
      return endMs === null;
    },
    get endMs() {
      return endMs ?? nowMs();
    },
    get fromMs() {
      return view.endMs - lengthMs;
    },
    /** Call back after every change; returns what ends it. */
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    setLength(next) {
      lengthMs = Math.min(MAX_MS, Math.max(MIN_MS, next));
      told();
    },
    pause() {
      endMs ??= nowMs();
      told();
    },
    goLive() {
      endMs = null;
      told();
    },
    show(fromMs, toMs) {
      lengthMs = Math.min(MAX_MS, Math.max(MIN_MS, toMs - fromMs));
      endMs = toMs;
      told();
    },
    /** Move by a share of the length; what lies ahead of now is not shown, the edge is live again. */
    move(share) {
      const next = view.endMs + share * lengthMs;
      endMs = next >= nowMs() ? null : next;
      told();
    },
    /** Grow or shrink by a factor around a share of the width that stays where it is. */
    zoom(factor, around = 1) {
      const next = Math.min(MAX_MS, Math.max(MIN_MS, lengthMs * factor));
      if (endMs !== null || around < 1) {
        const fixed = view.fromMs + around * lengthMs;
        const end = fixed + (1 - around) * next;
        endMs = end >= nowMs() ? null : end;
      }
      lengthMs = next;
      told();
    },
  };
  return view;
}
