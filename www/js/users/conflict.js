// Someone else changed the user while the form was open: what they wrote against what is in the form, field by field.

import { setText, stamp } from '../dom.js';
import { LABELS } from './checks.js';

/**
 * Compares three states of the fields.
 * @param {object} base as the form began
 * @param {object} mine as in the form now
 * @param {object} theirs as stored now
 * @returns {{clashes: string[], taken: string[]}} fields that both changed, each to something else; and fields that
 *   only they changed
 */
export function compare(base, mine, theirs) {
  const changed = Object.keys(base).filter((field) => theirs[field] !== base[field]);
  return {
    clashes: changed.filter((field) => mine[field] !== base[field] && mine[field] !== theirs[field]),
    taken: changed.filter((field) => mine[field] === base[field]),
  };
}

/**
 * Shows the choice; a chosen value goes into its field of the form at once, where it can be changed further.
 * @param {(field: string, value: string) => void} put
 */
export function showConflict(root, { clashes, taken }, mine, theirs, put) {
  const rows = root.querySelector('[data-clashes]');
  rows.replaceChildren(...clashes.map((field) => makeRow(field, mine[field], theirs[field], put)));
  setText(root.querySelector('[data-conflict-text]'), sentence(clashes, taken, theirs));
  root.querySelector('[data-conflict-all]').hidden = clashes.length === 0;
  for (const side of ['mine', 'theirs']) {
    root.querySelector(`[data-keep-${side}]`).onclick = () => {
      for (const radio of rows.querySelectorAll(`input[value="${side}"]`)) radio.click();
    };
  }
  root.hidden = false;
}

function sentence(clashes, taken, theirs) {
  const also = taken.map((field) => `${LABELS[field]} is now “${theirs[field] || 'empty'}”`).join(', ');
  const parts = ['Someone else changed this user while you were editing.'];
  if (clashes.length) parts.push('Choose what to keep, then save again.');
  else parts.push('Nothing of yours is touched: save again to add your changes.');
  if (also) parts.push(`Their other changes stay: ${also}.`);
  return parts.join(' ');
}

function makeRow(field, mine, theirs, put) {
  const row = stamp('clash-template');
  setText(row.querySelector('legend'), LABELS[field]);
  for (const [side, value] of [['mine', mine], ['theirs', theirs]]) {
    const radio = row.querySelector(`input[value="${side}"]`);
    radio.name = `clash-${field}`;
    radio.checked = side === 'mine';
    radio.addEventListener('change', () => put(field, value));
    setText(row.querySelector(`[data-${side}]`), value || '(empty)');
  }
  return row;
}
