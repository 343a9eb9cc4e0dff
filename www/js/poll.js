// Asks again and again: one chained timer, steady while it goes well, backing off from 1 s to 30 s while it
// doesn't, silent while nobody looks.

const FIRST = 1_000;
const LONGEST = 30_000;

/** The wait after so many failures in a row, a quarter more or less so that many browsers don't come back at once. */
export function backOff(failures, atLeast = 0, random = Math.random()) {
  const base = FIRST * 2 ** Math.min(failures - 1, 10);
  const wait = Math.max(Math.min(base, LONGEST), Math.min(atLeast, LONGEST));
  return Math.min(LONGEST, wait * (0.75 + random / 2));
}

/**
 * @param {object} how
 * @param {(signal: AbortSignal) => Promise<{interval: number}>} how.ask
 * @param {(answer) => void} how.onGood
 * @param {(error: Error, failures: number, wait: number) => void} how.onBad
 * @param {number} [how.interval] the reader's wish; else the server says after each answer
 * @returns {{now: () => void, hold: (held: boolean) => void}} `now` asks at once, also while held; held, no further
 *     question follows
 */
export function createPoller({ ask, onGood, onBad, interval }) {
  let timer = 0;
  let failures = 0;
  let flight = null;
  let held = false;

  function stop() {
    clearTimeout(timer);
    flight?.abort();
    flight = null;
  }

  function now() {
    stop();
    if (!document.hidden) turn();
  }

  function hold(wanted) {
    held = wanted;
    if (held) stop();
    else now();
  }

  async function turn() {
    const mine = new AbortController();
    flight = mine;
    const outcome = await ask(mine.signal).then((answer) => ({ answer }), (error) => ({ error }));
    if (flight !== mine) return;
    flight = null;
    const wait = outcome.error ? failed(outcome.error) : succeeded(outcome.answer);
    if (wait >= 0 && !held) timer = setTimeout(turn, wait);
  }

  function succeeded(answer) {
    failures = 0;
    report(() => onGood(answer));
    return answer.interval < 0 ? -1 : interval ?? answer.interval;
  }

  function failed(error) {
    failures += 1;
    const wait = backOff(failures, error.retryAfter);
    report(() => onBad(error, failures, wait));
    return wait;
  }

  document.addEventListener('visibilitychange', () => (document.hidden ? stop() : back()));
  addEventListener('online', back);
  addEventListener('pageshow', (event) => event.persisted && back());
  return { now, hold };

  function back() {
    if (!held) now();
  }
}

/** A fault in showing an answer must not end the asking. */
function report(show) {
  try {
    show();
  } catch (error) {
    reportError(error);
  }
}
