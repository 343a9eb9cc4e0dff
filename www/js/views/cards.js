// The cards with one figure each: users with their rate, countries.

import { announce } from '../announce.js';
import { setText } from '../dom.js';
import { number, percent, plural, rate } from '../format.js';
import { runTo } from '../tween.js';

const SPEAK_EVERY = 30_000;

export function mountCards(root, store) {
  const users = root.querySelector('[data-count="users"]');
  const countries = root.querySelector('[data-count="countries"]');
  const leader = root.querySelector('[data-leader]');
  const speed = root.querySelector('[data-count="usersPerSecond"]');
  const speak = speaker();

  store.on('counts', (counts) => {
    runTo(users, counts.users, showWhole);
    if (counts.countries !== undefined) runTo(countries, counts.countries, showWhole);
    setText(leader, leaderText(counts));
    showSpeed(speed, counts.rates?.usersPerSecond ?? 0);
    speak(counts.users);
  });
}

const showWhole = (element, value) => setText(element, number(value));
const showRate = (element, value) => setText(element, rate(value));

function showSpeed(element, perSecond) {
  runTo(element, perSecond, perSecond < 10 ? showRate : showWhole);
  element.closest('.rate').dataset.active = perSecond > 0 ? '1' : '0';
}

function leaderText({ users, topCountries: [first] = [] }) {
  return first && users ? `${first.country} leads with ${percent(first.sum / users)}` : '';
}

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
