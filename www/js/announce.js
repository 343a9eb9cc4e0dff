// The page's voice for screen readers: polite, and at most once in 10 s. Of what happens meanwhile the last is said.

const PAUSE = 10_000;
let last = -Infinity;
let timer = 0;
let waiting = '';

/** Says a sentence now, or once the pause is over. A sentence of low rank doesn't displace one that waits. */
export function announce(sentence, { low = false } = {}) {
  if (low && waiting) return;
  waiting = sentence;
  clearTimeout(timer);
  timer = setTimeout(speak, Math.max(0, last + PAUSE - performance.now()));
}

function speak() {
  document.getElementById('announcer').textContent = waiting;
  waiting = '';
  last = performance.now();
}
