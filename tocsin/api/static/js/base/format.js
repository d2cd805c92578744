/** Values as people read them. Instants are UTC epoch milliseconds and shown in the viewer's zone. */

import { h } from "./dom.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const UNITS = {
  celsius: "°C",
  kelvin: "K",
  percent: "%",
  bar: "bar",
  kpa: "kPa",
  pascal: "Pa",
  ampere: "A",
  volt: "V",
  watt: "W",
  mmps: "mm/s",
  lpm: "l/min",
  rpm: "rpm",
  ppm: "ppm",
  hertz: "Hz",
  meter: "m",
  dbm: "dBm",
};

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const secondsFormat = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const dayFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const countFormat = new Intl.NumberFormat(undefined);

/** Hours and minutes. */
export const clock = (ms) => clockFormat.format(ms);

/** Hours, minutes and seconds. */
export const clockSeconds = (ms) => secondsFormat.format(ms);

/** Day and month, and the year where it is not this one's. */
export const day = (ms) => dayFormat.format(ms);

/** The time of day, with the day before it where that is another than today. */
export function moment(ms, nowMs) {
  const same = new Date(ms).toDateString() === new Date(nowMs).toDateString();
  return same ? clock(ms) : `${day(ms)}, ${clock(ms)}`;
}

/** UTC as ISO 8601, in seconds. */
export const utc = (ms) => `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;

/** A `<time>` in the viewer's zone that tells UTC when pointed at. */
export function timeElement(ms, nowMs, words = moment(ms, nowMs)) {
  return h("time", { datetime: new Date(ms).toISOString(), title: utc(ms) }, words);
}

/** A duration in its two largest units, no finer than it matters. */
export function span(ms) {
  const seconds = Math.round(Math.abs(ms) / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds >= 600 && seconds < 3_570) return `${Math.round(seconds / 60)} min`;
  if (seconds < 600) return two(Math.floor(seconds / 60), "min", seconds % 60, "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return two(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(minutes / 60);
  return two(Math.floor(hours / 24), "d", hours % 24, "h");
}

const two = (big, bigUnit, small, smallUnit) =>
  small ? `${big} ${bigUnit} ${small} ${smallUnit}` : `${big} ${bigUnit}`;

/** What an alert says, its times in the viewer's zone: since when it fires stands beside it, others are turned. */
export function brief({ summary, at_ms: at }) {
  return summary
    .replace(/ since [\d: -]+ UTC$/, "")
    .replace(/(?:(\d{4}-\d\d-\d\d) )?(\d\d:\d\d) UTC/g, (said, date, time) => {
      const known = Date.parse(`${date ?? new Date(at).toISOString().slice(0, 10)}T${time}Z`);
      if (!Number.isFinite(known)) return said;
      const ms = !date && known > at + MINUTE ? known - DAY : known;
      return moment(ms, at);
    });
}

/** How long ago, in one unit, so that a column of them can be scanned. */
export function ago(ms, nowMs) {
  const gone = nowMs - ms;
  if (gone < 1000) return "now";
  if (gone < MINUTE) return `${Math.floor(gone / 1000)} s ago`;
  if (gone < HOUR) return `${Math.floor(gone / MINUTE)} min ago`;
  if (gone < DAY) return `${Math.floor(gone / HOUR)} h ago`;
  return `${Math.floor(gone / DAY)} d ago`;
}

/** A measured value, four significant digits and no more than the eye can use. */
export function number(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1e7 || (size > 0 && size < 1e-4)) return value.toExponential(2).replace("-", "−");
  const digits = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 3;
  const text = value.toFixed(digits);
  return (text.includes(".") ? text.replace(/\.?0+$/, "") : text).replace("-", "−");
}

/** A count with thousands set apart. */
export const count = (value) => (Number.isFinite(value) ? countFormat.format(value) : "–");

/** `3 devices`, `1 device`. */
export const many = (value, one, more = `${one}s`) => `${count(value)} ${value === 1 ? one : more}`;

/** `temperature_celsius` as `temperature`, where the last word is a unit. */
export function metricName(metric) {
  const words = metric.split("_");
  if (words.length > 1 && Object.hasOwn(UNITS, words.at(-1))) words.pop();
  return words.join(" ");
}

/** The unit as the API says it, else read off the name of the metric. */
export function metricUnit(metric, told) {
  if (told) return told;
  const last = metric.split("_").at(-1);
  return Object.hasOwn(UNITS, last) ? UNITS[last] : "";
}

/** A value with its unit. */
export const quantity = (value, unit) => (unit ? `${number(value)} ${unit}` : number(value));
