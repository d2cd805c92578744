/** The form that breaks something: what, where, for how long, how badly. */

import { fill, h } from "../base/dom.js";
import { metricName } from "../base/format.js";
import { post } from "../data/api.js";
import { choice, field } from "../ui/dialog.js";
import { icon } from "../ui/icons.js";
import { say } from "../ui/toast.js";

const MINUTE_MS = 60_000;
const LENGTHS = [[10 * MINUTE_MS, "10 minutes"], [30 * MINUTE_MS, "30 minutes"], [60 * MINUTE_MS, "1 hour"]];
const STRENGTHS = [["12", "slight"], ["25", "clear"], ["70", "gross"]];
const FIRST_KINDS = ["stuck", "spike", "bias", "drift", "dropout", "cavitation", "leak", "door_open"];
const DURATIONS = ["duration", "offset"];
const ACTS_ON = { value: "Its sensor", strain: "The device itself", silence: "Its reports", clock: "Its clock", network: "The network" };

/** The form; `then` is called once a fault was taken. */
export function faultForm(simulator, query, then) {
  const device = h("input", { name: "device", list: "fault-devices", required: true, autocomplete: "off", value: query.get("device") ?? simulator.devices[0]?.device ?? "" });
  const known = h("datalist", { id: "fault-devices" }, simulator.devices.map((one) => h("option", { value: one.device })));
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
    fill(kind, kindOptions(simulator.kinds.filter(({ device_types: types }) => !one || !types.length || types.includes(one.device_type))));
    fill(metric, (one?.metrics ?? []).map((name) => h("option", { value: name }, metricName(name))));
    if ([...kind.options].some(({ value }) => value === before[0])) kind.value = before[0];
    if (one?.metrics.includes(before[1])) metric.value = before[1];
    kindChanged();
  }

  function kindChanged() {
    const one = chosenKind();
    metricField.hidden = !one?.needs_metric && !["value", "silence"].includes(one?.acts_on);
    if (!one?.needs_metric && one?.acts_on === "silence" && metric.options[0]?.value !== "") metric.prepend(h("option", { value: "", selected: true }, "all of them"));
    else if (one?.needs_metric && metric.options[0]?.value === "") metric.options[0].remove();
    strength.hidden = !one?.sized;
    fill(settings, (one?.settings ?? []).filter(({ default: begin }) => begin === null).map((setting) => settingField(setting)));
  }
  device.addEventListener("input", deviceChanged);
  kind.addEventListener("change", kindChanged);
  const form = h("form", {}, h("h2", {}, "Break something"),
    field("Device", device), known, field("What goes wrong", kind), metricField, strength, settings, field("For", choice("for_ms", LENGTHS, 30 * MINUTE_MS)), problem, button);
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
    return some.length > 0 && h("optgroup", { label: words }, some.map((one) => h("option", { value: one.kind }, one.kind.replaceAll("_", " "))));
  });
}

/** Only what has no default is asked: durations in minutes, all else as numbers. */
function settingField({ name, reads }) {
  const inMinutes = DURATIONS.includes(reads);
  const words = name.replaceAll("_", " ");
  const input = h("input", { name: `set-${name}`, type: "number", step: "any", required: true, min: reads === "ratio" ? 0 : null, max: reads === "ratio" ? 1 : null, value: inMinutes ? 10 : reads === "ratio" ? 0.3 : 1 });
  return field(inMinutes ? `${words}, minutes` : words, input);
}

function bodyOf(form, kind, withoutMetric) {
  const settings = {};
  for (const { name, reads, default: begin } of kind.settings) {
    if (begin === null) settings[name] = Number(form.get(`set-${name}`)) * (DURATIONS.includes(reads) ? MINUTE_MS : 1);
  }
  return {
    kind: kind.kind, device: form.get("device"), metric: withoutMetric ? null : form.get("metric") || null, for_ms: Number(form.get("for_ms")),
    sigmas: kind.sized ? Number(form.get("sigmas")) : null, size: null, settings,
  };
}
