/** The form that breaks something: what, where, for how long, how badly. */

import { fill, h } from "../base/dom.js";
import { metricName } from "../base/format.js";
import { post } from "../data/api.js";
import { choice, field } from "../ui/dialog.js";
import { icon } from "../ui/icons.js";
import { say } from "../ui/toast.js";

const MINUTE_MS = 60_000;
const LENGTHS = [
  [10 * MINUTE_MS, "10 minutes"],
  [30 * MINUTE_MS, "30 minutes"],
  [60 * MINUTE_MS, "1 hour"],
];
const STRENGTHS = [
  ["12", "slight"],
  ["25", "clear"],
  ["70", "gross"],
];
const FIRST_KINDS = ["stuck", "spike", "bias", "drift", "dropout", "cavitation", "leak", "door_open"];
const DURATIONS = ["duration", "offset"];
/** Of these one metric can be chosen, and need not be. */
const METRIC_OR_ALL = ["dropout", "flaky"];
const NO_BOUND = 1e8;
const ACTS_ON = {
  value: "Its sensor",
  strain: "The device itself",
  silence: "Its reports",
  clock: "Its clock",
  network: "The network",
};

/** The form; `then` is called once a fault was taken. */
export function faultForm(simulator, query, then) {
  const device = h("input", {
    name: "device",
    list: "fault-devices",
    required: true,
    autocomplete: "off",
    value: query.get("device") ?? simulator.devices[0]?.device ?? "",
  });
  const known = h(
    "datalist",
    { id: "fault-devices" },
    simulator.devices.map((one) => h("option", { value: one.device })),
  );
  const kind = h("select", { name: "kind" });
  const metric = h("select", { name: "metric" });
  const metricField = field("Metric", metric);
  const strength = field("How badly", choice("sigmas", STRENGTHS, "25"), "against the sensor's noise");
  const settings = h("div", { class: "settings" });
  const problem = h("p", { class: "problem", role: "alert" });
  const button = h("button", { type: "submit", class: "primary" }, icon("bolt"), "Break it now");
  const chosenDevice = () => simulator.devices.find((one) => one.device === device.value);
  const chosenKind = () => simulator.kinds.find((one) => one.kind === kind.value);

  function deviceChanged() {
    const one = chosenDevice();
    const before = [kind.value, metric.value];
    fill(
      kind,
      kindOptions(
        simulator.kinds.filter(({ device_types: types }) => !one || !types.length || types.includes(one.device_type)),
      ),
    );
    fill(
      metric,
      (one?.metrics ?? []).map((name) => h("option", { value: name }, metricName(name))),
    );
    if ([...kind.options].some(({ value }) => value === before[0])) kind.value = before[0];
    if (one?.metrics.includes(before[1])) metric.value = before[1];
    kindChanged();
  }

  function kindChanged() {
    const one = chosenKind();
    const orAll = METRIC_OR_ALL.includes(one?.kind);
    metricField.hidden = !one?.needs_metric && !orAll;
    if (metric.options[0]?.value === "") metric.options[0].remove();
    if (orAll) metric.prepend(h("option", { value: "", selected: true }, "all of them"));
    strength.hidden = !one?.sized;
    fill(
      settings,
      (one?.settings ?? []).filter(isAsked).map((setting) => settingField(setting)),
    );
  }
  device.addEventListener("input", deviceChanged);
  kind.addEventListener("change", kindChanged);
  const form = h(
    "form",
    {},
    h("h2", {}, "Break something"),
    field("Device", device),
    known,
    field("What goes wrong", kind),
    metricField,
    strength,
    settings,
    field("For", choice("for_ms", LENGTHS, 30 * MINUTE_MS)),
    problem,
    button,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    fill(problem);
    button.disabled = true;
    try {
      const fault = await post("/v1/simulator/faults", bodyOf(new FormData(form), chosenKind(), metricField.hidden));
      say(`${fault.kind.replaceAll("_", " ")} begins on ${fault.devices.join(", ")}.`);
      then();
    } catch (error) {
      fill(problem, error.message);
    }
    button.disabled = false;
  });
  deviceChanged();
  return form;
}

function kindOptions(kinds) {
  const rank = ({ kind }) => (FIRST_KINDS.includes(kind) ? FIRST_KINDS.indexOf(kind) : FIRST_KINDS.length);
  return Object.entries(ACTS_ON).map(([layer, words]) => {
    const some = kinds.filter((one) => one.acts_on === layer).sort((a, b) => rank(a) - rank(b));
    return (
      some.length > 0 &&
      h(
        "optgroup",
        { label: words },
        some.map((one) => h("option", { value: one.kind }, one.kind.replaceAll("_", " "))),
      )
    );
  });
}

/** Only what has no default that means something is asked. */
const isAsked = ({ default: begin }) => begin === null || Math.abs(begin) >= NO_BOUND;

/** Durations are asked in minutes, all else as numbers; a bound may be left out. */
function settingField({ name, reads, default: begin }) {
  const inMinutes = DURATIONS.includes(reads);
  const words = name.replaceAll("_", " ");
  const input = h("input", {
    name: `set-${name}`,
    type: "number",
    step: "any",
    required: begin === null,
    min: reads === "ratio" ? 0 : null,
    max: reads === "ratio" ? 1 : null,
    value: begin !== null ? "" : inMinutes ? 10 : reads === "ratio" ? 0.3 : 1,
  });
  return field(inMinutes ? `${words}, minutes` : words, input);
}

function bodyOf(form, kind, withoutMetric) {
  const settings = {};
  for (const { name, reads } of kind.settings.filter(isAsked)) {
    const written = form.get(`set-${name}`);
    if (written) settings[name] = Number(written) * (DURATIONS.includes(reads) ? MINUTE_MS : 1);
  }
  const metric = withoutMetric ? "" : form.get("metric");
  return {
    kind: kind.kind,
    device: form.get("device"),
    for_ms: Number(form.get("for_ms")),
    settings,
    ...(metric && { metric }),
    ...(kind.sized && { sigmas: Number(form.get("sigmas")) }),
  };
}
