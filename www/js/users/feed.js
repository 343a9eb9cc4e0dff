// Asks for the rows of a view: at once when the view changes, then again and again while it is looked at.

import { backOff } from '../poll.js';

const EVERY = 4_000;
/** Answers that the same question gets again. */
const FINAL = new Set([400, 401, 403, 404, 422]);

/**
 * @param {object} how
 * @param {(view: object, signal: AbortSignal) => Promise} how.ask
 * @param {(answer, {view, quiet: boolean}) => void} how.onAnswer quiet: nobody asked for it, the time was over
 * @param {(error, {view, quiet, failures: number, wait: number}) => void} how.onFailure wait < 0: no next try
 */
export function createFeed({ ask, onAnswer, onFailure }) {
  const state = { view: null, flight: null, timer: 0, failures: 0, paused: false, owed: false };

  function stop() {
    clearTimeout(state.timer);
    state.flight?.abort();
    state.flight = null;
  }

  function later(milliseconds) {
    clearTimeout(state.timer);
    state.timer = setTimeout(() => turn(!state.owed), milliseconds);
  }

  async function turn(quiet) {
    stop();
    const mine = new AbortController();
    const { view } = state;
    state.flight = mine;
    const outcome = await ask(view, mine.signal).then((answer) => ({ answer }), (error) => ({ error }));
    if (state.flight !== mine) return;
    state.flight = null;
    if (outcome.error) failed(outcome.error, view, quiet);
    else succeeded(outcome.answer, view, quiet);
  }

  function succeeded(answer, view, quiet) {
    state.failures = 0;
    state.owed = false;
    if (!state.paused && !document.hidden) later(EVERY);
    onAnswer(answer, { view, quiet });
  }

  function failed(error, view, quiet) {
    state.failures += 1;
    const final = FINAL.has(error.status);
    const wait = final || (state.paused && quiet) ? -1 : backOff(state.failures, error.retryAfter);
    if (wait >= 0 && !document.hidden) later(wait);
    onFailure(error, { view, quiet, failures: state.failures, wait });
  }

  /** Rows that nobody waits for come with the next turn; those that somebody does wait for come now. */
  function resume() {
    if (document.hidden) stop();
    else if (state.view && (!state.paused || state.owed)) turn(!state.owed);
  }

  document.addEventListener('visibilitychange', resume);
  addEventListener('online', resume);
  addEventListener('pageshow', (event) => event.persisted && resume());
  return {
    /** Shows another view; an older question is dropped. */
    load(view) {
      Object.assign(state, { view, owed: true });
      turn(false);
    },
    now: () => state.view && turn(!state.owed),
    get paused() { return state.paused; },
    pause(paused) {
      state.paused = paused;
      clearTimeout(state.timer);
      if (!paused) resume();
    },
  };
}
