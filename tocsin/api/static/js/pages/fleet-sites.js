/** The sites side by side, each device a cell. */

import { h, mark, write } from "../base/dom.js";
import { many } from "../base/format.js";
import { grouped, tally } from "../data/devices.js";
import { fleetMap } from "../draw/fleet-map.js";

/** @returns `{root, show(items, filter), leave}`; `choose({site})` is told which site was asked for. */
export function sitePanels(choose) {
  const root = h("section", { class: "sites", "aria-label": "Sites" });
  const panels = new Map();

  function panel(site) {
    const map = fleetMap();
    const name = h("b", {}, site || "Without a site");
    const words = h("span", { class: "muted" });
    const button = h(
      "button",
      { type: "button", class: "site-name", onclick: () => choose({ site: mark_(site) }) },
      name,
      words,
    );
    const element = h("div", { class: "site panel" }, button, map.root);
    root.append(element);
    return { map, words, button, element, chosen: false };
  }
  const mark_ = (site) => (panels.get(site).chosen ? "" : site);

  return {
    root,
    show(items, filter) {
      const groups = grouped(items, "site");
      for (const [site, one] of panels)
        if (!groups.some(([name]) => name === site)) {
          one.map.leave();
          one.element.remove();
          panels.delete(site);
        }
      for (const [site, devices] of groups) {
        if (!panels.has(site)) panels.set(site, panel(site));
        const one = panels.get(site);
        one.chosen = filter.site === site && site !== "";
        one.button.disabled = site === "";
        mark(one.button, "aria-pressed", String(one.chosen));
        write(one.words, words(devices));
        one.map.show(devices);
      }
    },
    leave() {
      panels.forEach(({ map }) => map.leave());
    },
  };
}

function words(devices) {
  const { critical, warning, quiet } = tally(devices);
  const bad = [critical && `${critical} critical`, warning && `${warning} warning`, quiet && `${quiet} quiet`].filter(
    Boolean,
  );
  return [many(devices.length, "device"), ...bad].join(" · ");
}
