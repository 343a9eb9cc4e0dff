// Numbers that run to their new value instead of jumping, all in one loop, 30 times a second: digits that change faster
// can't be read anyway.

const still = matchMedia('(prefers-reduced-motion: reduce)');
const shown = new WeakMap();
const running = new Map();
const BETWEEN = 1000 / 30;
let frame = 0;
let last = 0;

/**
 * Lets the number in an element run to a value; `write` puts a number into it. The first value of an element, and
 * every one where motion isn't wanted or nobody looks, is put in at once.
 */
export function runTo(element, value, write, milliseconds = 950) {
  const from = shown.get(element);
  if (from === undefined || still.matches || document.hidden) return jump(element, value, write);
  if ((running.get(element)?.to ?? from) === value) return undefined;
  running.set(element, { from, to: value, begin: performance.now(), milliseconds, write });
  frame ||= requestAnimationFrame(step);
  return undefined;
}

function jump(element, value, write) {
  running.delete(element);
  shown.set(element, value);
  write(element, value);
}

function step(now) {
  if (now - last < BETWEEN - 2) {
    frame = requestAnimationFrame(step);
    return;
  }
  last = now;
  for (const [element, { from, to, begin, milliseconds, write }] of running) {
    const part = Math.min(1, Math.max(0, (now - begin) / milliseconds));
    const value = part === 1 ? to : from + (to - from) * part;
    if (part === 1) running.delete(element);
    shown.set(element, value);
    write(element, value);
  }
  frame = running.size ? requestAnimationFrame(step) : 0;
}
