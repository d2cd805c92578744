/** Questions to a person: a form in a dialog, closed by Escape, with the focus where it was before. */

import { h, fill } from "../base/dom.js";

/**
 * Open a dialog. `actions` are `[words, run]`; `run(form)` may return a promise, and what it throws is told in place.
 * The first action is the form's.
 */
export function dialog(title, content, actions) {
  const problem = h("p", { class: "problem", role: "alert" });
  const close = () => {
    element.close();
  };
  const form = h(
    "form",
    { method: "dialog", novalidate: false },
    h("h2", {}, title),
    content,
    problem,
    h(
      "div",
      { class: "dialog-actions" },
      h("button", { type: "button", class: "ghost", onclick: close }, actions.length ? "Cancel" : "Close"),
      actions.map(([words], index) =>
        h("button", { type: "submit", class: index ? "" : "primary", value: String(index) }, words),
      ),
    ),
  );
  const element = h("dialog", { "aria-label": title }, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = event.submitter ?? form.querySelector(".primary");
    button.disabled = true;
    try {
      await actions[Number(button.value)][1](new FormData(form));
      close();
    } catch (error) {
      fill(problem, error.message);
      button.disabled = false;
    }
  });
  element.addEventListener("close", () => element.remove());
  element.addEventListener("click", (event) => {
    if (event.target === element) close();
  });
  document.body.append(element);
  element.showModal();
  element.querySelector("input, select, textarea, button.primary")?.focus();
}

/** A labelled field of a form. */
export function field(label, control, hint = "") {
  return h("label", { class: "field" }, h("span", {}, label), control, hint && h("small", {}, hint));
}

/** A select of `[value, words]`. */
export function choice(name, options, chosen = "") {
  return h(
    "select",
    { name },
    options.map(([value, words]) => h("option", { value, selected: String(value) === String(chosen) }, words)),
  );
}
