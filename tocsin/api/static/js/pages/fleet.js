/** The fleet: how it stands in one sentence, every device in one glance, and the list of them. */

import { fill, h, write } from "../base/dom.js";
import { many } from "../base/format.js";
import { amend } from "../base/router.js";
import { chosen, deviceList, tally } from "../data/devices.js";
import { paced } from "../data/live.js";
import { deviceRows } from "./fleet-list.js";
import { fleetFilters } from "./fleet-filters.js";
import { sitePanels } from "./fleet-sites.js";
import { attention } from "./fleet-attention.js";
import { emptyState, failure } from "./plain.js";

const SMALL_FLEET = 1_000;
const EVERY_MS = 2_500;
const EVERY_MS_LARGE = 30_000;

/** Show the fleet; `query` holds the filter. */
export function fleetPage(main, { app, query }) {
  const devices = deviceList();
  const ending = new AbortController();
  const title = h("h1", { class: "headline" }, "The fleet");
  const rows = deviceRows(app, devices, ending.signal);
  const sites = sitePanels((choice) => filters.choose(choice));
  const worst = attention(app);
  const filters = fleetFilters(query, (filter) => {
    amend(filter);
    show();
  });
  const trouble = h("div");
  const body = h(
    "div",
    { class: "fleet" },
    h("div", { class: "overview" }, sites.root, worst.root),
    h("section", { "aria-label": "Devices" }, filters.root, rows.root),
  );
  main.append(h("div", { class: "page-head" }, title, filters.chips), trouble, body);

  function show() {
    const items = devices.items;
    const counts = tally(items);
    write(title, sentence(counts, items.length));
    body.hidden = devices.complete && items.length === 0;
    filters.update(items, counts);
    sites.show(items, filters.value);
    rows.show(chosen(items, filters.value, filters.value.order));
    if (body.hidden) fill(trouble, nobody());
  }

  const loadAll = paced(async () => {
    try {
      await devices.load(() => devices.complete || show(), ending.signal);
      fill(trouble);
      show();
    } catch (error) {
      if (error.name !== "AbortError" && !devices.size) fill(trouble, failure(error));
      throw error;
    }
  }, EVERY_MS);
  const loadSeldom = paced(loadAll, EVERY_MS_LARGE);
  const stop = app.live.on(({ alerts, back }) => {
    worst.refresh();
    if (devices.size <= SMALL_FLEET || back) loadAll();
    else {
      loadSeldom();
      rows.touch(
        alerts.map(({ device }) => device).filter((id) => devices.get(id)),
        show,
      );
    }
    rows.freshen();
  });
  loadAll();
  worst.refresh();
  return () => {
    ending.abort();
    stop();
    [loadAll, loadSeldom].forEach((one) => one.end());
    [rows, sites, worst].forEach((one) => one.leave());
  };
}

function sentence(counts, total) {
  const bad = counts.critical + counts.warning;
  if (!total) return "The fleet";
  if (bad) return `${bad} of ${many(total, "device")} ${bad === 1 ? "needs" : "need"} attention`;
  if (counts.quiet)
    return `${many(counts.quiet, "device")} of ${total} ${counts.quiet === 1 ? "is" : "are"} quiet, nothing fires`;
  return total === 1 ? "The one device is fine" : `All ${many(total, "device")} are fine`;
}

/** A command that makes the first device, as it would be written here and now. */
function nobody() {
  const message = { device: "pump-7", ts: new Date().toISOString(), metrics: { flow_lpm: 201.3 } };
  const command = [
    `curl ${location.origin}/v1/readings \\`,
    '  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\',
    `  -d '${JSON.stringify(message)}'`,
  ];
  return emptyState(
    "No device has reported yet",
    "A device shows here with its first closed window, about two minutes after its first reading.",
    h("pre", {}, command.join("\n")),
    h("p", { class: "muted" }, "TOKEN is what follows #token= in the address that the server printed."),
  );
}
