/** The silences: who keeps what back, and until when. */

import { fill, h } from "../base/dom.js";
import { moment, span, timeElement } from "../base/format.js";
import { get, part, post, remove } from "../data/api.js";
import { paced } from "../data/live.js";
import { choice, dialog, field } from "../ui/dialog.js";
import { icon } from "../ui/icons.js";
import { say } from "../ui/toast.js";
import { emptyState, failure } from "./plain.js";

const HOUR_MS = 3_600_000;
export const LENGTHS = [
  [HOUR_MS, "1 hour"],
  [4 * HOUR_MS, "4 hours"],
  [8 * HOUR_MS, "8 hours"],
  [24 * HOUR_MS, "1 day"],
  [7 * 24 * HOUR_MS, "7 days"],
];
const MATCHERS = ["site", "device", "metric", "rule", "severity"];

/** @returns `{root, refresh(), leave}`. */
export function silenceList(app) {
  const list = h("ul", { class: "silences" });
  const may = app.me.role === "operator";
  const root = h(
    "div",
    {},
    may &&
      h(
        "p",
        {},
        h("button", { type: "button", onclick: () => askSilence({}, refresh) }, icon("silenced"), "New silence"),
      ),
    list,
  );
  const refresh = paced(async () => {
    try {
      const page = await get("/v1/silences");
      fill(
        list,
        page.items.length
          ? page.items.map((one) => line(one, app, may, refresh))
          : emptyState("Nothing is silenced", "A silence records what fires and tells nobody, for a planned time."),
      );
    } catch (error) {
      if (error.status !== 0) fill(list, failure(error));
    }
  }, 1_000);
  return { root, refresh, leave: refresh.end };
}

function line(one, app, may, refresh) {
  const now = app.live.nowMs();
  const said = Object.entries(one.matchers).filter(([, pattern]) => pattern !== "*");
  return h(
    "li",
    { class: "panel silence", "data-active": String(one.active) },
    h(
      "div",
      {},
      icon("silenced"),
      h("b", {}, one.comment || "No comment"),
      h("span", { class: "tag" }, one.active ? "in force" : "not now"),
    ),
    h(
      "p",
      { class: "matchers" },
      said.map(([name, pattern]) => h("code", {}, `${name} ${pattern}`)),
    ),
    h("p", { class: "muted" }, times(one, now), one.origin === "plan" ? " · from the plan" : ` · ${one.by}`),
    may &&
      one.origin === "person" &&
      h("button", { type: "button", class: "ghost", onclick: () => end(one, refresh) }, "End it"),
  );
}

function times(one, now) {
  if (one.from_time)
    return [`${one.days.length ? one.days.join(", ") : "every day"} ${one.from_time} to ${one.until_time} ${one.zone}`];
  if (one.end_ms === null) return ["no end"];
  return [
    "until ",
    timeElement(one.end_ms, now, moment(one.end_ms, now)),
    one.end_ms > now ? `, ${span(one.end_ms - now)} from now` : "",
  ];
}

async function end(one, refresh) {
  try {
    await remove(`/v1/silences/${part(one.id)}`);
    say("The silence has ended; what still fires will be told.");
  } catch (error) {
    say(error.message, "warning");
  }
  refresh();
}

/** Ask for a new silence; `begin` fills the matchers in. */
function askSilence(begin, then) {
  dialog(
    "New silence",
    [
      h("p", { class: "muted" }, "What fires meanwhile is recorded and not told. Patterns may hold * and ?."),
      MATCHERS.map((name) =>
        field(name, h("input", { name, value: begin[name] ?? "", placeholder: "all", autocomplete: "off" })),
      ),
      field("For", choice("for_ms", LENGTHS, HOUR_MS)),
      field("Why", h("input", { name: "comment", required: true, maxlength: 500 })),
    ],
    [
      [
        "Silence",
        async (form) => {
          const matchers = Object.fromEntries(
            MATCHERS.filter((name) => form.get(name).trim()).map((name) => [name, form.get(name).trim()]),
          );
          if (!Object.keys(matchers).length) throw new Error("Say at least one of what is silenced.");
          await post("/v1/silences", { ...matchers, for_ms: Number(form.get("for_ms")), comment: form.get("comment") });
          say("Silenced.");
          then();
        },
      ],
    ],
  );
}
