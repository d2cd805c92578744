/** The devices of the fleet: all of them without sparks, those in sight with sparks, and what is said about them. */

import { all, get } from "./api.js";

const PAGE = 1_000;
const IDS_MAX = 150;
const SPARK_POINTS = 40;
const RANK = { critical: 4, warning: 3, info: 2, quiet: 1, ok: 0 };
export const STATES = ["critical", "warning", "info", "quiet", "ok"];

/** @returns the list: `items`, `load()`, `touch(ids)`, `view(filter)`. */
export function deviceList() {
  const known = new Map();
  let names = [];
  const list = {
    complete: false,
    get size() {
      return known.size;
    },
    /** All of them by name. Sorting ten thousand names takes a stall's time, so it is done when there are others. */
    get items() {
      if (names.length !== known.size || !names.every((name) => known.has(name)))
        names = [...known.keys()].sort(collator.compare);
      return names.map((name) => known.get(name));
    },
    get: (id) => known.get(id),
    /** Ask for all devices, page by page; `each` is called as they come. */
    async load(each = () => {}, signal = undefined) {
      const seen = new Set();
      await all(
        "/v1/devices",
        { limit: PAGE },
        (items) => {
          for (const one of items.slice(seen.size)) {
            seen.add(one.device);
            keep(known, one);
          }
          each();
        },
        signal,
      );
      for (const id of known.keys()) if (!seen.has(id)) known.delete(id);
      list.complete = true;
    },
    /** Ask for these devices with their sparks. */
    async touch(ids, signal = undefined) {
      for (let from = 0; from < ids.length; from += IDS_MAX) {
        const some = ids.slice(from, from + IDS_MAX);
        const page = await get("/v1/devices", { ids: some.join(","), spark: SPARK_POINTS, limit: IDS_MAX }, { signal });
        page.items.forEach((one) => keep(known, one));
      }
    },
  };
  return list;
}

/** A device without a spark keeps the one that it had. */
function keep(known, device) {
  const before = known.get(device.device);
  if (device.spark === null && before?.spark) device.spark = before.spark;
  known.set(device.device, device);
}

/**
 * The devices that fit: `{q, site, type, gateway, state}`, each "" for all; worst first, or by name or last seen.
 * `items` come by name, and sorting keeps the order of equals.
 */
export function chosen(items, filter, order) {
  const words = filter.q.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (one) =>
    (!filter.site || one.site === filter.site) &&
    (!filter.type || one.device_type === filter.type) &&
    (!filter.gateway || one.gateway === filter.gateway) &&
    (!filter.state || one.state === filter.state) &&
    words.every((word) => said(one).includes(word));
  return items.filter(fits).sort(ORDERS[order] ?? ORDERS.worst);
}

const said = (one) => `${one.device} ${one.site} ${one.device_type} ${one.gateway}`.toLowerCase();
const collator = new Intl.Collator("en", { numeric: true });
const ORDERS = {
  worst: (a, b) => RANK[b.state] - RANK[a.state],
  name: () => 0,
  seen: (a, b) => (a.seen_ms ?? 0) - (b.seen_ms ?? 0),
};

/** How many are in each state. */
export function tally(items) {
  const counts = Object.fromEntries(STATES.map((state) => [state, 0]));
  for (const one of items) counts[one.state] += 1;
  return counts;
}

/** The devices by what stands under `key`, in order of its names; unnamed last. */
export function grouped(items, key) {
  const groups = new Map();
  for (const one of items) {
    if (!groups.has(one[key])) groups.set(one[key], []);
    groups.get(one[key]).push(one);
  }
  return [...groups].sort(([a], [b]) => Number(a === "") - Number(b === "") || collator.compare(a, b));
}

/** What a row shows: the metric of the spark, else the first; null where nothing was measured. */
export function headline(device) {
  return device.values.find(({ metric }) => metric === device.spark?.metric) ?? device.values[0] ?? null;
}
