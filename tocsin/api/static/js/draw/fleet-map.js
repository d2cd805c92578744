/**
 * Every device of a site as one cell, in the shape and colour of its state: ten thousand in one glance.
 * For eyes and pointers only; the list below says the same to keyboards and screen readers.
 */

import { h, write } from "../base/dom.js";
import { go, address } from "../base/router.js";
import { colour, onTheme, tint } from "../base/theme.js";
import { STATE_WORDS } from "../ui/icons.js";
import { fitted, shape } from "./canvas.js";

const CELLS = [26, 22, 18, 14, 11, 8, 6, 4];
const AREA = 30_000;

/** @returns `{root, show(devices), leave}`. */
export function fleetMap() {
  const canvas = h("canvas", { class: "map" });
  const tip = h("div", { class: "map-tip", hidden: true });
  const root = h("div", { class: "map-box", "aria-hidden": "true" }, canvas, tip);
  let devices = [];
  let drawn = "";
  let layout = { cell: 14, columns: 1 };

  function draw(force = false) {
    const width = root.clientWidth;
    if (!width || !devices.length) return;
    const text = `${width}:${devices.map(({ state }) => state[0]).join("")}`;
    if (text === drawn && !force) return;
    drawn = text;
    const cell = CELLS.find((one) => devices.length * one * one <= Math.min(AREA, width * 140)) ?? CELLS.at(-1);
    const columns = Math.max(1, Math.floor(width / cell));
    layout = { cell, columns };
    const context = fitted(canvas, width, Math.ceil(devices.length / columns) * cell);
    devices.forEach((device, index) => drawCell(context, device.state, index, layout));
  }

  function under(event) {
    const box = canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left) / layout.cell);
    const row = Math.floor((event.clientY - box.top) / layout.cell);
    return column < layout.columns ? devices[row * layout.columns + column] : undefined;
  }

  canvas.addEventListener("pointermove", (event) => {
    const device = under(event);
    tip.hidden = !device;
    canvas.style.cursor = device ? "pointer" : "";
    if (!device) return;
    write(tip, `${device.device}: ${STATE_WORDS[device.state]}`);
    const box = root.getBoundingClientRect();
    tip.style.left = `${Math.min(event.clientX - box.left + 12, box.width - tip.offsetWidth)}px`;
    tip.style.top = `${event.clientY - box.top + 14}px`;
  });
  canvas.addEventListener("pointerleave", () => {
    tip.hidden = true;
  });
  canvas.addEventListener("click", (event) => {
    const device = under(event);
    if (device) go(address(["devices", device.device]));
  });
  const observer = new ResizeObserver(() => draw());
  observer.observe(root);
  const ended = onTheme(() => draw(true));
  return {
    root,
    show(next) {
      devices = next;
      draw();
    },
    leave() {
      ended();
      observer.disconnect();
    },
  };
}

const INKS = { critical: "critical", warning: "warning", info: "info", quiet: "muted", ok: "ok" };

function drawCell(context, state, index, { cell, columns }) {
  const x = (index % columns) * cell + cell / 2;
  const y = Math.floor(index / columns) * cell + cell / 2;
  context.fillStyle = context.strokeStyle = state === "ok" ? tint("ok", 0.55) : colour(INKS[state]);
  context.lineWidth = Math.max(1, cell / 10);
  if (cell < 8) context.fillRect(x - cell / 2 + 0.5, y - cell / 2 + 0.5, cell - 1, cell - 1);
  else shape(context, state, x, y, cell * (state === "ok" ? 0.36 : 0.4));
}
