// Notes at the foot of the page that go by themselves. The time stands still while someone is at them.

import { setText, stamp } from '../dom.js';

const STEP = 200;
const open = new Set();
let timer = 0;

/**
 * @param {object} note
 * @param {string} note.text
 * @param {string} [note.kind] 'bad' for a failure
 * @param {number} [note.seconds] 0: until it is closed
 * @param {boolean} [note.clock] whether the seconds that are left are shown
 * @param {string} [note.label] of its button
 * @param {() => void} [note.onAction] the button was pressed; the note closes
 * @param {() => void} [note.onEnd] the time is over, or the note was closed by its cross
 * @returns {{close: () => void, act: () => void}}
 */
export function showToast({ text, kind = '', seconds = 8, clock = false, label = '', onAction, onEnd }) {
  const element = stamp('toast-template');
  const toast = { element, left: seconds * 1000, seconds, clock, end: () => finish(onEnd) };
  const action = element.querySelector('[data-toast-action]');
  const finish = (then) => {
    if (!open.delete(toast)) return;
    element.remove();
    then?.();
  };
  toast.act = () => finish(onAction);
  element.dataset.kind = kind;
  setText(element.querySelector('[data-toast-text]'), text);
  setText(element.querySelector('[data-toast-label]'), label);
  action.hidden = !label;
  action.addEventListener('click', toast.act);
  element.querySelector('[data-toast-close]').addEventListener('click', toast.end);
  document.getElementById('toasts').append(element);
  open.add(toast);
  showLeft(toast);
  timer ||= setTimeout(tick, STEP, performance.now());
  return { close: () => finish(), act: toast.act };
}

function tick(before) {
  const now = performance.now();
  const still = document.querySelector('dialog:modal') !== null;
  for (const toast of open) {
    if (!toast.seconds || still || toast.element.matches(':hover, :focus-within')) continue;
    toast.left -= now - before;
    showLeft(toast);
    if (toast.left <= 0) toast.end();
  }
  timer = open.size ? setTimeout(tick, STEP, now) : 0;
}

function showLeft({ element, left, clock }) {
  const face = element.querySelector('[data-toast-left]');
  face.hidden = !clock;
  setText(face, String(Math.max(0, Math.ceil(left / 1000))));
}
