/** What of the fleet is listed: states as chips, site and type to choose, words to search. */

import { fill, h, mark, write } from "../base/dom.js";
import { count } from "../base/format.js";
import { STATES } from "../data/devices.js";
import { icon, stateIcon, STATE_WORDS } from "../ui/icons.js";

const ORDERS = [
  ["worst", "Worst first"],
  ["name", "By name"],
  ["seen", "Longest unseen first"],
];
const TYPING_MS = 120;

/** @returns `{root, chips, value, choose(part), update(items, counts)}`; `changed(value)` is told of each change. */
export function fleetFilters(query, changed) {
  const value = {
    q: query.get("q") ?? "",
    site: query.get("site") ?? "",
    type: query.get("type") ?? "",
    gateway: query.get("gateway") ?? "",
    state: query.get("state") ?? "",
    order: query.get("order") ?? "",
  };
  const choose = (part) => {
    Object.assign(value, part);
    for (const [key, control] of Object.entries(controls)) if (control.value !== value[key]) control.value = value[key];
    changed(value);
  };
  const pick = (key, label) =>
    h("select", { "aria-label": label, onchange: (event) => choose({ [key]: event.target.value }) });
  const controls = {
    site: pick("site", "Site"),
    type: pick("type", "Type"),
    gateway: pick("gateway", "Gateway"),
    order: pick("order", "Order"),
  };
  fill(
    controls.order,
    ORDERS.map(([name, words]) => h("option", { value: name === "worst" ? "" : name }, words)),
  );
  controls.order.value = value.order;
  const search = searchField(value.q, (q) => choose({ q }));
  const total = h("span", { class: "total num", role: "status" });
  const chips = h("div", { class: "chips", role: "group", "aria-label": "States" });
  return {
    root: h("div", { class: "toolbar" }, search, controls.site, controls.type, controls.gateway, controls.order, total),
    chips,
    value,
    choose,
    update(items, counts) {
      offer(controls.site, value.site, "All sites", items, "site");
      offer(controls.type, value.type, "All types", items, "device_type");
      offer(controls.gateway, value.gateway, "All gateways", items, "gateway");
      write(total, `${count(items.length)} in all`);
      showChips(chips, counts, value, choose);
    },
  };
}

/** A search field that waits until the typing pauses. */
export function searchField(begin, changed, label = "Search devices") {
  let timer = 0;
  const input = h("input", {
    type: "search",
    value: begin,
    placeholder: "Search  /",
    "aria-label": label,
    spellcheck: "false",
    autocomplete: "off",
  });
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => changed(input.value), TYPING_MS);
  });
  return h("div", { class: "search" }, icon("search"), input);
}

function offer(select, chosen, allWords, items, key) {
  const names = [...new Set(items.map((one) => one[key]))].filter(Boolean).sort();
  if (chosen && !names.includes(chosen)) names.push(chosen);
  select.hidden = names.length < 2 && !chosen;
  const said = names.join("\n");
  if (select.said === said) return;
  select.said = said;
  fill(
    select,
    h("option", { value: "" }, allWords),
    names.map((name) => h("option", { value: name }, name.replaceAll("_", " "))),
  );
  select.value = chosen;
}

function showChips(chips, counts, value, choose) {
  if (!chips.children.length) {
    fill(
      chips,
      STATES.map((state) =>
        h(
          "button",
          {
            type: "button",
            class: "chip",
            "data-state": state,
            onclick: () => choose({ state: value.state === state ? "" : state }),
          },
          stateIcon(state),
          h("b", { class: "num" }),
          h("span", {}, STATE_WORDS[state]),
        ),
      ),
    );
  }
  for (const chip of chips.children) {
    const { state } = chip.dataset;
    write(chip.children[1], count(counts[state]));
    chip.hidden = !counts[state] && value.state !== state;
    mark(chip, "aria-pressed", String(value.state === state));
  }
}
