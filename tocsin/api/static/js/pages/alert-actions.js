/** What a person can do about an alert. */

import { h } from "../base/dom.js";
import { brief } from "../base/format.js";
import { part, post } from "../data/api.js";
import { choice, dialog, field } from "../ui/dialog.js";
import { icon } from "../ui/icons.js";
import { say } from "../ui/toast.js";
import { LENGTHS } from "./silences.js";

const ACK_LENGTHS = [["", "as long as it fires"], ...LENGTHS];

/** The buttons that fit how the alert stands; `then` is called when something was done. */
export function alertActions(alert, then) {
  const fires = alert.phase === "firing" && !alert.closed_by;
  const button = (words, drawing, ask, kind = "") =>
    h("button", { type: "button", class: kind, onclick: () => ask(alert, then) }, icon(drawing), words);
  return [
    fires && !alert.acknowledged_by && button("Acknowledge", "resolved", acknowledge, "primary"),
    fires && button("Silence", "silenced", silence),
    fires && button(alert.assignee ? "Assign anew" : "Assign", "person", assign),
    button("Note", "note", note),
    fires && button("Close", "close", close),
  ].filter(Boolean);
}

/** `key` stays the same for all tries of one dialog, so a second click does nothing twice. */
function form(title, fields, words, body, done) {
  return (alert, then) => {
    const key = crypto.getRandomValues(new Uint32Array(4)).join("-");
    dialog(
      title,
      [h("p", { class: "muted" }, brief(alert)), fields()],
      [
        [
          words,
          async (data) => {
            await post(`/v1/alerts/${part(alert.id)}/actions`, body(data), key);
            say(done);
            then();
          },
        ],
      ],
    );
  };
}

const text = (label, required = false) =>
  field(label, h("textarea", { name: "text", rows: 2, maxlength: 2000, required }));
const said = (data) => (data.get("text").trim() ? { text: data.get("text").trim() } : {});
const length = (data) => (data.get("for_ms") ? { for_ms: Number(data.get("for_ms")) } : {});

const acknowledge = form(
  "Acknowledge",
  () => [field("For", choice("for_ms", ACK_LENGTHS)), text("Message")],
  "Acknowledge",
  (data) => ({ kind: "acknowledge", ...length(data), ...said(data) }),
  "Acknowledged: it is not repeated while it fires.",
);
const silence = form(
  "Silence this alert",
  () => [field("For", choice("for_ms", LENGTHS)), text("Why")],
  "Silence",
  (data) => ({ kind: "silence", ...length(data), ...said(data) }),
  "Silenced.",
);
const assign = form(
  "Assign",
  () => field("To", h("input", { name: "assignee", required: true, maxlength: 64, autocomplete: "off" })),
  "Assign",
  (data) => ({ kind: "assign", assignee: data.get("assignee").trim() }),
  "Assigned.",
);
const note = form(
  "Note",
  () => text("Note", true),
  "Add note",
  (data) => ({ kind: "note", ...said(data) }),
  "Noted.",
);
const close = form(
  "Close",
  () => text("Why"),
  "Close",
  (data) => ({ kind: "close", ...said(data) }),
  "Closed: nobody hears of this episode again.",
);
