// Asks for something now and then, only while somebody can see it: the card is on screen, the tab in front, and the
// updates not paused. A failure backs off like the poll does.

import { backOff } from './poll.js';

/**
 * @param {Element | null} card null: seen whenever the tab is
 * @param {object} how
 * @param {() => number} how.every milliseconds from one answer to the next question
 * @param {(signal: AbortSignal) => Promise<void>} how.load asks and shows
 * @param {(error: Error, failures: number) => void} [how.failed]
 * @param {() => boolean} how.isPaused
 * @returns {{now: () => void}} `now` asks at once, also while paused
 */
export function watch(card, { every, load, failed = () => {}, isPaused }) {
  const state = { seen: !card, timer: 0, flight: null, failures: 0, due: 0 };

  async function ask() {
    clearTimeout(state.timer);
    state.flight?.abort();
    const mine = new AbortController();
    state.flight = mine;
    const error = await load(mine.signal).then(() => null, (reason) => reason);
    if (state.flight !== mine) return;
    state.flight = null;
    state.failures = error ? state.failures + 1 : 0;
    state.due = performance.now() + (error ? backOff(state.failures + 1, error.retryAfter) : every());
    if (error) failed(error, state.failures);
    arm();
  }

  function arm() {
    clearTimeout(state.timer);
    if (!state.seen || document.hidden || isPaused() || state.flight) return;
    state.timer = setTimeout(ask, Math.max(0, state.due - performance.now()));
  }

  if (card) {
    new IntersectionObserver((entries) => {
      state.seen = entries.at(-1).isIntersecting;
      arm();
    }, { rootMargin: '100px' }).observe(card);
  }
  document.addEventListener('visibilitychange', arm);
  document.addEventListener('headcount:resume', arm);
  if (!card) arm();
  return { now: ask };
}

/** Loads a vendored script, which puts its name into the page; once. */
export function loadScript(src) {
  const loaded = scripts.get(src) ?? new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = src;
    script.onload = resolve;
    script.onerror = () => {
      scripts.delete(src);
      script.remove();
      reject(new Error('A part of this page could not be loaded.'));
    };
    document.head.append(script);
  });
  scripts.set(src, loaded);
  return loaded;
}
const scripts = new Map();
