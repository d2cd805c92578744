/** The pipeline: what flows, what waits, what became of every message. */

import { fill, h, write } from "../base/dom.js";
import { count, many, number, span } from "../base/format.js";
import { onTheme } from "../base/theme.js";
import { get } from "../data/api.js";
import { paced } from "../data/live.js";
import { sparkline } from "../draw/sparkline.js";
import { icon, stateIcon } from "../ui/icons.js";
import { failure } from "./plain.js";

const EVERY_MS = 1_000;
const RATES = [
  ["messages_per_s", "Messages"],
  ["readings_per_s", "Readings"],
  ["panes_per_s", "Windows"],
];
const STAGES = { ingest: "validates", processors: "folds into windows", anomaly: "judges", alerts: "tells people" };
const SLOW_MS = 60_000;

/** Show the pipeline's figures, asked for each second while the page is seen. */
export function pipelinePage(main, { app }) {
  const title = h("h1", { class: "headline" }, "Pipeline");
  const facts = h("p", { class: "facts" });
  const rates = RATES.map(([key, words]) => ratePanel(key, words));
  const stages = h("div", { class: "stages" });
  const account = h("section", { class: "panel", "aria-label": "Account" });
  const reasons = h("section", { class: "panel", "aria-label": "Rejected and decided" });
  const trouble = h("div");
  main.append(
    h("div", { class: "page-head" }, title, facts),
    trouble,
    h(
      "div",
      { class: "rates" },
      rates.map(({ root }) => root),
    ),
    stages,
    h("div", { class: "two" }, account, reasons),
  );
  let last = null;
  const load = paced(async () => {
    try {
      last = await get("/v1/pipeline");
      fill(trouble);
      show(last);
    } catch (error) {
      if (error.status !== 0) fill(trouble, failure(error));
    }
  }, EVERY_MS);

  function show(figures) {
    write(title, headline(figures));
    fill(
      facts,
      [
        `version ${figures.version}`,
        ["plan ", h("code", {}, figures.plan_hash)],
        figures.uptime_s && `up for ${span(figures.uptime_s * 1000)}`,
        figures.mode,
      ]
        .filter(Boolean)
        .map((one) => h("span", {}, one)),
    );
    rates.forEach((one) => one.show(figures));
    fill(
      stages,
      figures.stages.map((stage, index) => [index > 0 && icon("forth"), stagePanel(stage, figures)]),
    );
    showAccount(account, figures.totals);
    showReasons(reasons, figures);
  }
  const timer = setInterval(() => document.hidden || load(), EVERY_MS);
  const ended = onTheme(() => last && show(last));
  const stop = app.live.on(({ back }) => back && load());
  load();
  return () => {
    clearInterval(timer);
    [ended, stop].forEach((end) => end());
    load.end();
  };
}

function headline({ stages, rates }) {
  const broken = stages.filter(({ error }) => error);
  if (broken.length) return `${broken.map(({ stage }) => stage).join(", ")} ${broken.length > 1 ? "fail" : "fails"}`;
  const slow = stages.filter(({ lag_ms: lag }) => lag > SLOW_MS);
  if (slow.length) return `${slow[0].stage} is ${span(slow[0].lag_ms)} behind`;
  if (!rates) return "Pipeline";
  return rates.readings_per_s
    ? `${count(Math.round(rates.readings_per_s))} readings a second, nothing waits long`
    : "Nothing flows at the moment";
}

function ratePanel(key, words) {
  const value = h("b", { class: "num big" });
  const canvas = h("canvas", { "aria-hidden": "true" });
  return {
    root: h(
      "section",
      { class: "panel rate" },
      h("h2", {}, words),
      h("p", {}, value, h("span", { class: "muted" }, " a second")),
      canvas,
    ),
    show({ rates, history }) {
      const rate = rates?.[key] ?? null;
      write(value, rate === null ? "–" : rate >= 10 ? count(Math.round(rate)) : number(rate));
      const width = Math.max(120, canvas.parentElement.clientWidth - 32);
      sparkline(
        canvas,
        history.map((one) => one[key]),
        { width, height: 44, from: 0 },
      );
    },
  };
}

function stagePanel(stage, { outbox }) {
  const waiting = outbox.find((one) => one.stage === stage.stage)?.entries;
  const state = stage.error ? "critical" : stage.lag_ms > SLOW_MS ? "warning" : "ok";
  const fact = (name, value) => h("div", {}, h("dt", {}, name), h("dd", { class: "num" }, value));
  return h(
    "section",
    { class: "panel stage", "data-state": state },
    h("h2", {}, stateIcon(state), stage.stage),
    h("p", { class: "muted" }, STAGES[stage.stage] ?? ""),
    h(
      "dl",
      {},
      fact("waiting", stage.waiting === null ? "–" : count(stage.waiting)),
      stage.waiting !== null && fact("lag", stage.lag_ms === null ? "none" : lag(stage.lag_ms)),
      waiting !== undefined && fact("outbox", waiting === null ? "–" : count(waiting)),
    ),
    stage.error && h("p", { class: "problem" }, stage.error),
  );
}

const lag = (ms) => (ms < 1_000 ? `${Math.round(ms)} ms` : span(ms));

/** What became of every message: parts of one bar that add up. */
function showAccount(section, totals) {
  if (!totals) {
    fill(
      section,
      h("h2", {}, "What became of every message"),
      h("p", { class: "muted" }, "Here the cloud's own metrics count."),
    );
    return;
  }
  const parts = [
    ["accepted", totals.messages],
    ["duplicates", totals.duplicates],
    ["rejected", totals.rejected],
  ];
  const sum = parts.reduce((total, [, value]) => total + value, 0);
  fill(
    section,
    h("h2", {}, "What became of every message"),
    h(
      "div",
      { class: "bar", role: "img", "aria-label": parts.map(([name, value]) => `${count(value)} ${name}`).join(", ") },
      parts.map(([name, value]) =>
        h("i", { class: `part-${name}`, "data-none": value === 0, style: { "flex-grow": sum ? value / sum : 0 } }),
      ),
    ),
    h(
      "dl",
      { class: "account" },
      [["arrived", sum, ""], ...parts.map(([name, value]) => [name, value, name])].map(([name, value, key]) =>
        h(
          "div",
          {},
          h("dt", {}, key && h("i", { class: `key part-${key}` }), name),
          h("dd", { class: "num" }, count(value)),
        ),
      ),
    ),
    h(
      "p",
      { class: "muted" },
      `${many(totals.readings, "reading")} in windows, ${count(totals.late)} late and kept aside. ${many(totals.panes, "window")} closed, ` +
        `${many(totals.transitions, "move")} of alerts, ${many(totals.notifications, "notification")}.`,
    ),
  );
}

function showReasons(section, { rejected, decisions }) {
  const rows = (items, name) =>
    items.map((one) =>
      h(
        "div",
        {},
        h("dt", {}, one[name].replaceAll("_", " "), one.stage && h("span", { class: "muted" }, ` in ${one.stage}`)),
        h("dd", { class: "num" }, count(one.count)),
      ),
    );
  fill(
    section,
    h("h2", {}, "What people were told"),
    decisions.length
      ? h("dl", { class: "account" }, rows(decisions, "decision"))
      : h("p", { class: "muted" }, "Nothing was decided yet."),
    h("h2", {}, "Why messages were rejected"),
    rejected.length ? h("dl", { class: "account" }, rows(rejected, "reason")) : h("p", { class: "muted" }, "None was."),
  );
}
