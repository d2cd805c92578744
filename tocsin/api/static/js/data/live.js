/**
 * What changes, as it changes: one long poll for the whole page. It rests while the tab is hidden, tries again
 * with longer and longer pauses while nobody answers, and says so.
 */

import { get } from "./api.js";

const WAIT_S = 20;
const PAUSE_MS = 1_000;
/** So far the pipeline's clock is guessed on beyond an answer: a simulated one may have stopped meanwhile. */
const GUESS_MS = 60_000;
const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000];

/** @returns the feed: `on(listener)`, `onState(listener)`, `nowMs()`, `newestMs()`, `start()`. */
export function liveFeed() {
  const listeners = new Set();
  const watchers = new Set();
  const clock = { ms: Date.now(), at: performance.now(), speed: 1 };
  let state = { name: "starting", sinceMs: Date.now(), retryMs: 0 };
  let newest = null;
  let cursor = null;
  let tries = 0;
  let wake = () => {};

  function become(name, retryMs = 0) {
    if (state.name === name && state.retryMs === retryMs) return;
    state = { name, sinceMs: state.name === name ? state.sinceMs : Date.now(), retryMs };
    watchers.forEach((watcher) => watcher(state));
  }

  /** The pipeline's clock: between two answers it goes on, and not for long without one. */
  function nowMs() {
    return clock.ms + Math.min((performance.now() - clock.at) * clock.speed, GUESS_MS);
  }

  function setClock(ms, speed = clock.speed) {
    Object.assign(clock, { ms, at: performance.now(), speed });
  }

  async function look() {
    const begun = cursor === null;
    const change = await get("/v1/changes", begun ? {} : { since: cursor, wait_s: tries ? 0 : WAIT_S });
    const back = tries > 0;
    tries = 0;
    cursor = change.cursor;
    setClock(change.now_ms);
    become("live");
    const moved = change.newest_ms !== newest;
    newest = change.newest_ms;
    if (back || moved || change.alerts.length || change.actions.length) tell({ ...change, back, moved });
    return change.truncated ? 0 : PAUSE_MS;
  }

  function tell(change) {
    listeners.forEach((listener) => listener(change));
  }

  function failed(error) {
    if (error.status === 401 || error.status === 403) {
      become("locked");
      return null;
    }
    if (error.status === 400 || error.status === 404) cursor = null;
    const retryMs = Math.max(error.retryAfterMs ?? 0, RETRY_MS[Math.min(tries, RETRY_MS.length - 1)]);
    tries += 1;
    if (tries > 1) become("lost", retryMs);
    return retryMs;
  }

  async function run() {
    for (;;) {
      const pauseMs = await look().catch(failed);
      if (pauseMs === null) return;
      await new Promise((resolve) => {
        wake = resolve;
        setTimeout(resolve, pauseMs);
      });
      if (document.hidden)
        await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
    }
  }

  return {
    nowMs,
    setClock,
    newestMs: () => newest ?? nowMs(),
    get state() {
      return state;
    },
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onState(watcher) {
      watchers.add(watcher);
      watcher(state);
      return () => watchers.delete(watcher);
    },
    start() {
      window.addEventListener("online", () => wake());
      return run();
    },
    retryNow: () => wake(),
  };
}

/** Return a function that runs `task` soon, never twice at once and never more often than every `everyMs`. */
export function paced(task, everyMs) {
  let running = false;
  let again = false;
  let timer = 0;
  let last = -Infinity;
  let ended = false;
  async function run() {
    timer = 0;
    running = true;
    again = false;
    last = performance.now();
    try {
      await task();
    } catch (error) {
      if (error.name !== "AbortError" && error.status !== 0) console.warn(error.message);
    }
    running = false;
    if (again && !ended) ask();
  }
  function ask() {
    if (ended) return;
    if (running) again = true;
    else if (!timer) timer = setTimeout(run, Math.max(0, last + everyMs - performance.now()));
  }
  ask.end = () => {
    ended = true;
    clearTimeout(timer);
  };
  return ask;
}
