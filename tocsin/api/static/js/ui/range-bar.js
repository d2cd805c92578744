/** The span of time in sight: its length, a step back and forth, its edges, and whether it is live. */

import { h, fill, mark, write } from "../base/dom.js";
import { clock, day, span } from "../base/format.js";
import { RANGES } from "../data/view.js";
import { dialog, field } from "./dialog.js";
import { icon } from "./icons.js";

/** @returns `{root, show()}`. */
export function rangeBar(view, nowMs) {
  const lengths = RANGES.map(([words, ms]) =>
    h("button", { type: "button", onclick: () => view.setLength(ms), "data-ms": ms }, words),
  );
  const live = h("button", {
    type: "button",
    class: "live-button",
    onclick: () => (view.live ? view.pause() : view.goLive()),
  });
  const words = h("button", {
    type: "button",
    class: "ghost range-words num",
    title: "Choose the times",
    onclick: () => chooseTimes(view),
  });
  const root = h(
    "div",
    { class: "range-bar", role: "group", "aria-label": "Span of time" },
    h("div", { class: "segments", role: "group", "aria-label": "Length" }, lengths),
    h(
      "div",
      { class: "steps" },
      h(
        "button",
        { type: "button", class: "ghost square", "aria-label": "Earlier", onclick: () => view.move(-0.5) },
        icon("back"),
      ),
      words,
      h(
        "button",
        { type: "button", class: "ghost square", "aria-label": "Later", onclick: () => view.move(0.5) },
        icon("forth"),
      ),
    ),
    live,
  );
  const show = () => {
    lengths.forEach((button) => mark(button, "aria-pressed", String(Number(button.dataset.ms) === view.lengthMs)));
    mark(live, "data-live", String(view.live));
    mark(live, "aria-pressed", String(view.live));
    if (live.said !== view.live) fill(live, icon(view.live ? "pause" : "play"), view.live ? "Pause" : "Go live");
    live.said = view.live;
    write(words, edges(view, nowMs()));
  };
  show();
  return { root, show };
}

function edges(view, nowMs) {
  const today = day(nowMs);
  const told = (ms) => (day(ms) === today ? clock(ms) : `${day(ms)} ${clock(ms)}`);
  return `${told(view.fromMs)} – ${told(view.endMs)} · ${span(view.lengthMs)}`;
}

function chooseTimes(view) {
  dialog(
    "Span of time",
    [
      field("From", h("input", { type: "datetime-local", name: "from", required: true, value: local(view.fromMs) })),
      field(
        "Until",
        h("input", { type: "datetime-local", name: "until", required: true, value: local(view.endMs) }),
        "In the zone of this device.",
      ),
    ],
    [
      [
        "Show",
        (form) => {
          const [from, until] = ["from", "until"].map((name) => new Date(form.get(name)).getTime());
          if (!(until > from)) throw new Error("The end must be after the beginning.");
          view.show(from, until);
        },
      ],
    ],
  );
}

/** An instant as `datetime-local` wants it. */
function local(ms) {
  const at = new Date(ms);
  return new Date(ms - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
