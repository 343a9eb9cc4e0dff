// The cards with one figure each, and the gross flow: users and requests per second.

import { announce } from '../announce.js';
import { setText } from '../dom.js';
import { number, plural } from '../format.js';
import { runTo } from '../tween.js';

const SPEAK_EVERY = 30_000;

/** What each card counts. */
export const FIGURES = {
  users: (counts) => counts.users,
  requests: (counts) => counts.requests,
  countries: (counts) => counts.countries,
  daily: (counts) => counts.active?.daily,
  weekly: (counts) => counts.active?.weekly,
  monthly: (counts) => counts.active?.monthly,
};

export function mountCards(root, store) {
  const figures = Object.entries(FIGURES).map(([name, read]) => [root.querySelector(`[data-count="${name}"]`), read]);
  const start = root.querySelector('[data-start]');
  const speak = speaker();
  store.on('counts', (counts) => {
    for (const [element, read] of figures) {
      const value = read(counts);
      if (Number.isFinite(value)) runTo(element, value, showWhole);
    }
    showStart(start, counts.users > 0);
    speak(counts.users);
  });
}

/** Where nobody is yet the way to users stands in the place of the trend. */
function showStart(start, somebody) {
  if (start.hidden === somebody) return;
  start.hidden = somebody;
  start.parentElement.toggleAttribute('data-nobody', !somebody);
}

const showWhole = (element, value) => setText(element, number(value));

/** Tells the total now and then while it changes; never at first sight, the page itself says it then. */
function speaker() {
  let said;
  let at = performance.now();
  return (users) => {
    said ??= users;
    if (users === said || performance.now() - at < SPEAK_EVERY) return;
    said = users;
    at = performance.now();
    announce(plural(users, 'user'), { low: true });
  };
}
