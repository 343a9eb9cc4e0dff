// The gender card: one bar split in parts, and a legend with share and number.

import { setText } from '../dom.js';
import { number, percent } from '../format.js';
import { whenSeen } from '../in-view.js';
import { runTo } from '../tween.js';

const PARTS = ['female', 'male', 'other'];

export function mountGender(root, store) {
  const card = root.querySelector('[data-card="gender"]');
  const offer = whenSeen(card, (gender) => show(card, fold(gender)));
  store.on('counts', ({ gender }) => {
    if (gender) offer(gender);
  });
}

/** Female and male as they are, whatever else there may be as one. */
export function fold(gender) {
  const sum = Object.values(gender).reduce((total, part) => total + part, 0);
  const { female = 0, male = 0 } = gender;
  return { female, male, other: sum - female - male };
}

function show(root, parts) {
  const sum = PARTS.reduce((total, name) => total + parts[name], 0);
  for (const name of PARTS) {
    const bar = root.querySelector(`[data-part="${name}"]`);
    const item = root.querySelector(`[data-gender="${name}"]`);
    const part = sum ? parts[name] / sum : 0;
    bar.style.flexGrow = part;
    bar.toggleAttribute('data-empty', part === 0);
    item.dataset.value = parts[name];
    setText(item.querySelector('[data-share]'), sum ? percent(part) : '');
    runTo(item.querySelector('[data-count]'), parts[name], (element, value) => setText(element, number(value)));
  }
}
