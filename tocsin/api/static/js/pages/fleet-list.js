/** The list of devices: any number, only those in sight drawn and asked for. */

import { h, mark, write } from "../base/dom.js";
import { ago, metricName, metricUnit, quantity, utc } from "../base/format.js";
import { address } from "../base/router.js";
import { onTheme } from "../base/theme.js";
import { headline } from "../data/devices.js";
import { paced } from "../data/live.js";
import { sparkline } from "../draw/sparkline.js";
import { stateIcon } from "../ui/icons.js";
import { virtualList } from "../ui/virtual-list.js";

const TOUCH_MS = 2_500;
const SCROLL_MS = 180;

/** @returns `{root, show(items), touch(ids), freshen(), leave}`. */
export function deviceRows(app, devices, signal) {
  const inSight = new Map();
  const list = virtualList({
    label: "Devices",
    make: emptyRow,
    show: (row, item) => showRow(app, row, devices.get(item.device) ?? item, inSight),
    address: ({ device }) => address(["devices", device]),
  });
  const wanted = () => [...inSight].filter(([row]) => !row.hidden && row.isConnected).map(([, id]) => id);
  const drawn = () => list.refresh();
  const freshen = paced(async () => {
    const ids = wanted();
    if (ids.length) await devices.touch(ids, signal);
    drawn();
  }, TOUCH_MS);
  const complete = paced(async () => {
    const ids = wanted().filter((id) => devices.get(id)?.spark === null);
    if (ids.length) await devices.touch(ids, signal);
    drawn();
  }, SCROLL_MS);
  window.addEventListener("scroll", complete, { passive: true });
  const ended = onTheme(() => {
    inSight.forEach((id, row) => {
      row.drawn = null;
    });
    drawn();
  });
  const head = h(
    "div",
    { class: "vhead", "aria-hidden": "true" },
    ["", "Device", "Type", "Site", "Value", "", "Alerts", "Last seen"].map((words) => h("span", {}, words)),
  );
  const none = h("p", { class: "none", hidden: true }, "No device fits.");
  return {
    root: h("div", { class: "devices" }, head, list.root, none),
    show(items) {
      none.hidden = items.length > 0 || !devices.complete;
      list.setItems(items);
      complete();
    },
    async touch(ids, then) {
      if (!ids.length) return;
      await devices.touch(ids, signal).then(then, () => {});
    },
    freshen,
    leave() {
      ended();
      window.removeEventListener("scroll", complete);
      [freshen, complete].forEach((one) => one.end());
      list.leave();
    },
  };
}

function emptyRow() {
  const cell = (name, ...inside) => h("span", { role: "gridcell", class: name }, inside);
  return h(
    "div",
    { class: "device-row" },
    cell("c-state"),
    cell("c-name", h("a", { tabindex: -1 })),
    cell("c-type"),
    cell("c-site"),
    cell("c-value", h("span", { class: "metric" }), h("b", { class: "num" })),
    cell("c-spark", h("canvas", { "aria-hidden": "true" })),
    cell("c-alerts num"),
    cell("c-seen num", h("time")),
  );
}

function showRow(app, row, device, inSight) {
  inSight.set(row, device.device);
  const [state, name, type, site, value, spark, alerts, seen] = row.children;
  if (row.dataset.state !== device.state) {
    row.dataset.state = device.state;
    state.replaceChildren(stateIcon(device.state));
  }
  write(name.firstChild, device.device);
  mark(name.firstChild, "href", address(["devices", device.device]));
  write(type, device.device_type.replaceAll("_", " "));
  write(site, device.site);
  const first = headline(device);
  write(value.firstChild, first ? metricName(first.metric) : "");
  write(value.lastChild, first ? quantity(first.value, metricUnit(first.metric, first.unit)) : "");
  write(alerts, device.alerts ? String(device.alerts) : "");
  write(seen.firstChild, device.seen_ms === null ? "never" : ago(device.seen_ms, app.live.nowMs()));
  mark(seen.firstChild, "title", device.seen_ms === null ? null : utc(device.seen_ms));
  drawSpark(row, spark.firstChild, device);
}

/** A canvas costs more than text: it is drawn only when its series is another one. */
function drawSpark(row, canvas, device) {
  if (row.drawn === device.spark && row.drawnState === device.state && row.drawnFor === device.device) return;
  row.drawn = device.spark;
  row.drawnState = device.state;
  row.drawnFor = device.device;
  const tone = { critical: "critical", warning: "warning" }[device.state] ?? "accent";
  sparkline(canvas, device.spark?.values ?? [], { width: 120, height: 28, tone });
}
