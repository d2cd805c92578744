/** Pages without data: who are you, and nothing is here. */

import { h } from "../base/dom.js";
import { address } from "../base/router.js";
import { keepToken } from "../data/api.js";
import { icon } from "../ui/icons.js";

/** Ask for a token. The usual way is the address that `tocsin serve` prints, which carries one. */
export function signInPage(body) {
  const token = h("input", {
    name: "token",
    type: "password",
    autocomplete: "off",
    required: true,
    "aria-label": "Token",
  });
  const form = h(
    "form",
    { class: "sign-in" },
    icon("bell"),
    h("h1", {}, "Tocsin"),
    h(
      "p",
      {},
      "This server wants to know who you are. Open the address that it printed when it started, or paste a token.",
    ),
    h("label", { class: "field" }, h("span", {}, "Token"), token),
    h("button", { class: "primary", type: "submit" }, "Open"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keepToken(token.value.split("#token=").at(-1));
    location.reload();
  });
  body.replaceChildren(form);
}

/** Say that there is no such page. */
export function missingPage(main) {
  main.append(emptyState("No such page", "The address leads nowhere.", h("a", { href: address([]) }, "To the fleet")));
}

/** What a page, or a part below its `h1`, says when it has nothing to show. */
export function emptyState(title, words, ...more) {
  return h(
    "div",
    { class: "empty" },
    h(document.querySelector("main h1") ? "h2" : "h1", {}, title),
    h("p", {}, words),
    more,
  );
}

/** What part of a page says when it could not be loaded. */
export function failure(error) {
  return h("p", { class: "problem", role: "alert" }, icon("warning"), error.message);
}
