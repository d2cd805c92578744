/** One series as the chart wants it, fetched for what is in sight and a margin on both sides. */

import { get } from "./api.js";

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 10_080];
const POINTS_MAX = 450;
const MARGIN = 1;
const TAIL_STEPS = 3;
const LIMIT = 3_000;
/** What comes late changes steps long past, so all that is in sight is asked for again, this often at most. */
const WHOLE_EVERY_MS = 30_000;
const COLUMNS = "mean,min,max,expected_low,expected_high";

/** The step, in milliseconds, that is a multiple of the window and gives no more points than can be told apart. */
function stepFor(lengthMs, windowMs) {
  const found = STEPS.find((times) => lengthMs / (times * windowMs) <= POINTS_MAX) ?? STEPS.at(-1);
  return found * windowMs;
}

/** @returns what is known of a series: `model`, `need(view)`, `reload()`. */
export function seriesOf(device, metric, windowMs) {
  let loaded = null;
  const series = {
    model: null,
    unit: "",
    /** Fetch what the view lacks; true where something new came. `fresh`: newer data are known to be there. */
    async need(view, { fresh = false, signal } = {}) {
      const step = stepFor(view.lengthMs, windowMs);
      const inside =
        loaded &&
        loaded.step === step &&
        loaded.fromMs <= view.fromMs &&
        (loaded.toNow || loaded.untilMs >= view.endMs);
      if (inside && !(fresh && loaded.toNow)) return false;
      const isWhole = !inside || performance.now() - loaded.wholeAt > WHOLE_EVERY_MS;
      const answer = isWhole ? await fetchAll(view, step, signal) : await fetchTail(step, signal);
      series.model = modelOf(answer, step);
      series.unit = answer.unit;
      return true;
    },
    reload() {
      loaded = null;
    },
  };

  async function fetchAll(view, step, signal) {
    const margin = view.lengthMs * MARGIN;
    const fromMs = Math.floor((view.fromMs - margin) / step) * step;
    const toNow = view.endMs + margin >= view.nowMs;
    const untilMs = toNow ? null : Math.ceil((view.endMs + margin) / step) * step;
    const answer = await fetchRange(fromMs, untilMs, step, signal);
    loaded = { step, fromMs, untilMs: answer.until_ms, toNow, answer, wholeAt: performance.now() };
    return answer;
  }

  /** Windows fill and late readings change them: the last steps are asked for again with what is new. */
  async function fetchTail(step, signal) {
    const old = loaded.answer;
    const fromMs = Math.max(loaded.fromMs, (old.start_ms.at(-1) ?? loaded.fromMs) - TAIL_STEPS * step);
    loaded.answer = joined(old, await fetchRange(fromMs, null, step, signal), fromMs);
    loaded.untilMs = loaded.answer.until_ms;
    return loaded.answer;
  }

  const fetchRange = (fromMs, untilMs, step, signal) =>
    get(
      "/v1/series",
      {
        device,
        metric,
        from_ms: fromMs,
        until_ms: untilMs,
        resolution: duration(step),
        aggregations: COLUMNS,
        limit: LIMIT,
      },
      { signal },
    );

  return series;
}

/** A duration as the API takes it. */
const duration = (ms) => (ms % 60_000 === 0 ? `${ms / 60_000}m` : `${Math.round(ms / 1000)}s`);

function joined(old, tail, fromMs) {
  const cut = old.start_ms.findIndex((at) => at >= fromMs);
  const keep = cut < 0 ? old.start_ms.length : cut;
  const both = (a, b) => [...a.slice(0, keep), ...b];
  const marks = new Map([...old.marks, ...tail.marks].map((one) => [one.alert, one]));
  return {
    ...tail,
    from_ms: old.from_ms,
    marks: [...marks.values()],
    start_ms: both(old.start_ms, tail.start_ms),
    columns: Object.fromEntries(
      Object.keys(tail.columns).map((name) => [name, both(old.columns[name], tail.columns[name])]),
    ),
    count: both(old.count, tail.count),
    revised: [...new Set([...old.revised, ...tail.revised])],
    late: [...old.late.filter(({ at_ms: at }) => at < fromMs), ...tail.late],
  };
}

/** The model of an answer: points stand in the middle of their steps. */
function modelOf(answer, step) {
  const t = answer.start_ms.map((at) => at + step / 2);
  return {
    t,
    mean: answer.columns.mean,
    min: answer.columns.min,
    max: answer.columns.max,
    ...expectedBand(answer, t, step),
    marks: [...revisedMarks(answer, t), ...lateMarks(answer), ...alertMarks(answer, t)],
    spans: answer.marks
      .filter(({ phase }) => phase !== "pending" && phase !== "inactive")
      .map((one) => ({ fromMs: one.from_ms, toMs: one.until_ms ?? answer.until_ms, severity: one.severity })),
    limit: answer.limits.flatMap(({ above, below, severity }) =>
      [above, below].filter((value) => value !== null).map((value) => ({ value, severity })),
    ),
    gapMs: step * 1.5,
    untilMs: answer.until_ms,
  };
}

/** What was expected of each step; of a series that no adaptive rule looks at, what was expected when it fired. */
function expectedBand(answer, t, step) {
  const { expected_low: low, expected_high: high } = answer.columns;
  return low.some((one) => one !== null) ? { low, high } : bandOfMarks(answer, t, step);
}

function bandOfMarks(answer, t, step) {
  const low = t.map(() => null);
  const high = t.map(() => null);
  for (const one of answer.marks) {
    if (one.expected_low === null || one.expected_high === null) continue;
    const until = one.until_ms ?? answer.until_ms;
    const before = one.from_ms - Math.max(4 * step, (until - one.from_ms) * 0.3);
    t.forEach((at, i) => {
      if (at >= before && at <= until + step) {
        low[i] = one.expected_low;
        high[i] = one.expected_high;
      }
    });
  }
  return { low, high };
}

/** Steps that late readings changed. */
function revisedMarks(answer, t) {
  const places = new Map(answer.start_ms.map((at, i) => [at, i]));
  return answer.revised
    .filter((at) => places.has(at))
    .map((at) => ({ atMs: t[places.get(at)], value: answer.columns.mean[places.get(at)], kind: "revised" }));
}

/** Readings that came too late for their windows: each where it was measured. */
const lateMarks = (answer) => answer.late.map(({ at_ms: atMs, value }) => ({ atMs, value, kind: "late" }));

/** Where the drawn line is at an instant: between two points, else at the nearer one; null in a gap. */
function onTheLine(t, values, at) {
  const next = t.findIndex((one) => one >= at);
  const [after, before] = [next < 0 ? null : values[next], values[next < 0 ? t.length - 1 : next - 1] ?? null];
  if (after === null || before === null) return after ?? before;
  return before + (after - before) * ((at - t[next - 1]) / (t[next] - t[next - 1]));
}

function alertMarks(answer, t) {
  return answer.marks.map((one) => {
    return {
      atMs: one.from_ms,
      value: onTheLine(t, answer.columns.mean, one.from_ms),
      kind: one.phase === "pending" || one.phase === "inactive" ? "pending" : one.severity,
    };
  });
}
