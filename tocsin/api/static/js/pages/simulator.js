/** The simulator: break something now, and watch it being found. */

import { fill, h, write } from "../base/dom.js";
import { many, metricName, moment, span, utc } from "../base/format.js";
import { address } from "../base/router.js";
import { get } from "../data/api.js";
import { paced } from "../data/live.js";
import { icon } from "../ui/icons.js";
import { faultForm } from "./fault-form.js";
import { faultWatch } from "./fault-watch.js";
import { emptyState, failure } from "./plain.js";

const EVERY_MS = 1_500;
const OFFERS = {
  over: () => h("p", { class: "muted" }, "The scenario is over. Another run begins a new one."),
  viewer: () => h("p", { class: "muted" }, "Only an operator may break things."),
};

/** Show what is simulated; `query` may name a device. */
export function simulatorPage(main, { app, query }) {
  const facts = h("p", { class: "facts" });
  const formHolder = h("section", { class: "panel fault-form", "aria-label": "Break something" });
  const list = h("ol", { class: "faults" });
  const score = h("p", { class: "score" });
  const watch = faultWatch(app);
  main.append(
    h("div", { class: "page-head" }, h("h1", {}, "Simulator"), facts),
    h(
      "div",
      { class: "simulator" },
      formHolder,
      h("section", { class: "found", "aria-label": "Faults" }, score, watch.root, list),
    ),
  );
  let begun = "";
  const load = paced(async () => {
    try {
      show(await get("/v1/simulator"));
    } catch (error) {
      if (error.status === 404)
        fill(list, emptyState("Nothing is simulated here", "The panel is part of tocsin demo."));
      else if (!begun && error.status !== 0) fill(list, failure(error));
    }
  }, EVERY_MS);

  function show(simulator) {
    fill(
      facts,
      [
        `scenario ${simulator.scenario}`,
        `seed ${simulator.seed}`,
        `${simulator.speed} times as fast`,
        progress(simulator),
      ].map((one) => h("span", {}, one)),
    );
    const offered = simulator.is_over ? "over" : app.me.role;
    if (begun !== offered) fill(formHolder, OFFERS[offered]?.() ?? faultForm(simulator, query, load));
    begun = offered;
    const faults = [...simulator.faults]
      .filter(({ start_ms: start }) => start <= simulator.now_ms)
      .sort((a, b) => Number(b.injected) - Number(a.injected) || b.start_ms - a.start_ms);
    write(score, told(simulator, faults));
    fill(
      list,
      faults.map((fault) => faultLine(fault, simulator.now_ms)),
    );
    watch.show(faults.find(({ injected }) => injected));
  }
  const timer = setInterval(() => document.hidden || load(), EVERY_MS);
  const stop = app.live.on(({ alerts, back }) => (alerts.length || back) && load());
  load();
  return () => {
    clearInterval(timer);
    stop();
    load.end();
    watch.leave();
  };
}

function progress({ now_ms: now, start_ms: start, end_ms: end, is_over: over }) {
  return over ? "over" : `${span(Math.max(0, now - start))} of ${span(end - start)}`;
}

function told(simulator, faults) {
  const wanted = faults.filter(({ expect }) => expect);
  const found = wanted.filter(({ alert }) => alert);
  const delays = found.map((one) => one.found_ms - one.start_ms).sort((a, b) => a - b);
  const typical = span(delays[Math.floor((delays.length - 1) / 2)] ?? 0);
  const delay = delays.length > 1 ? `, half of them within ${typical}` : delays.length ? `, after ${typical}` : "";
  return wanted.length
    ? `${found.length} of ${many(wanted.length, "fault")} found${simulator.is_over ? "" : " so far"}${delay}.`
    : "Nothing has gone wrong yet.";
}

function faultLine(fault, nowMs) {
  const running = nowMs < fault.end_ms;
  const where =
    fault.devices.length > 2
      ? `${fault.devices.slice(0, 2).join(", ")} and ${fault.devices.length - 2} more`
      : fault.devices.join(", ");
  const state = fault.alert ? "found" : !fault.expect ? "unasked" : running ? "searching" : "missed";
  return h(
    "li",
    { class: "panel fault", "data-found": state, "data-injected": String(fault.injected), "data-id": fault.id },
    h(
      "span",
      { class: "fault-mark" },
      icon({ found: "resolved", searching: "search", missed: "close", unasked: "info" }[state]),
    ),
    h(
      "div",
      {},
      h("b", {}, fault.kind.replaceAll("_", " ")),
      fault.injected && h("span", { class: "tag" }, "yours"),
      h(
        "p",
        {},
        fault.devices.length === 1 ? h("a", { href: address(["devices", fault.devices[0]]) }, where) : where,
        fault.metric && ` · ${metricName(fault.metric)}`,
      ),
      h(
        "p",
        { class: "muted num" },
        h("time", { title: utc(fault.start_ms) }, moment(fault.start_ms, nowMs)),
        ` for ${span(fault.end_ms - fault.start_ms)}`,
      ),
    ),
    h("div", { class: "fault-end" }, outcome(fault, state, nowMs)),
  );
}

function outcome(fault, state, nowMs) {
  if (state === "found")
    return [
      h(
        "a",
        { href: address(["alerts", fault.alert]) },
        `found after ${span(Math.max(0, fault.found_ms - fault.start_ms))}`,
      ),
    ];
  if (state === "searching") return [`not found yet, for ${span(Math.max(0, nowMs - fault.start_ms))}`];
  return [state === "missed" ? "missed" : "nobody needs to be told"];
}
