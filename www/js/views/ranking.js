// A list of the greatest with bars. A bar's colour goes with its thing, not with its place, and a row changes its
// place only when the order truly has: equal ones stay as they were.

import { partsOf, setText, showList, stamp } from '../dom.js';
import { number, percent } from '../format.js';
import { runTo } from '../tween.js';

const PARTS = { mark: '.rank__mark', name: '.rank__name', words: '.rank__name bdi', share: '[data-share]',
  number: '[data-number]', fill: '.bar__fill' };
const MOST = 15;
/** A bar moves in steps of a pixel or so: less can't be seen. */
const STEPS = 400;
const GLIDE = { duration: 450, easing: 'ease-in-out' };
const still = matchMedia('(prefers-reduced-motion: reduce)');

/**
 * @param {Element} list
 * @param {object} how
 * @param {(item) => {key: string, name: string, mark?: string, hue: number}} how.describe
 * @returns {(items: Array<{sum: number}>, whole?: number) => void} shows items; with a whole also the share of it
 */
export function createRanking(list, { describe }) {
  const drawn = new WeakMap();
  let order = [];
  return (items, whole = 0) => {
    const ranked = inOrder(items.slice(0, MOST), order, (item) => describe(item).key);
    const keys = ranked.map((item) => describe(item).key);
    const moved = order.length > 0 && keys.some((key, at) => key !== order[at]);
    const before = moved && canGlide(list) ? places(list) : null;
    const most = ranked[0]?.sum ?? 0;
    showList(list, ranked, {
      attribute: 'data-key',
      key: (item) => describe(item).key,
      make: () => stamp('rank-template'),
      update: (row, item) => update(row, item, describe(item), { whole, most, drawn }),
    });
    order = keys;
    keepRoom(list, most);
    if (before) glide(list, before);
  };
}

/** As much room for the numbers as the greatest needs (--digits in css/components.css). */
function keepRoom(list, most) {
  const digits = String(number(most).length);
  if (list.dataset.digits === digits) return;
  list.dataset.digits = digits;
  list.style.setProperty('--digits', digits);
}

/** Greatest first; where two are equal the one that was ahead stays ahead. */
function inOrder(items, order, keyOf) {
  const place = new Map(order.map((key, at) => [key, at]));
  const at = (item) => place.get(keyOf(item)) ?? Infinity;
  return items.sort((a, b) => b.sum - a.sum || (at(a) === at(b) ? 0 : at(a) - at(b)));
}

function update(row, { sum }, { name, mark = '', hue }, { whole, most, drawn }) {
  const parts = partsOf(row, PARTS);
  const last = drawn.get(row);
  const share = whole > 0 ? Math.round((sum / whole) * 1000) : -1;
  const part = most > 0 ? Math.round((sum / most) * STEPS) / STEPS : 0;
  if (last?.name !== name || last.mark !== mark) {
    setText(parts.words, name);
    setText(parts.mark, mark);
    parts.name.title = name;
    row.style.setProperty('--hue', hue);
  }
  if (last?.share !== share) setText(parts.share, share < 0 ? '' : percent(share / 1000));
  if (last?.part !== part) parts.fill.style.transform = `translateX(${(part - 1) * 100}%)`;
  if (last?.sum !== sum) runTo(parts.number, sum, showNumber);
  drawn.set(row, { name, mark, share, part, sum });
}

const showNumber = (element, value) => setText(element, number(value));

/* ---- rows glide to their new place ---- */

const canGlide = (list) => !still.matches && !document.hidden && list.offsetParent !== null;

const places = (list) => new Map([...list.children].map((row) => [row, row.offsetTop]));

function glide(list, before) {
  for (const row of list.children) {
    const from = before.get(row);
    const way = from === undefined ? 0 : from - row.offsetTop;
    if (way) row.animate([{ transform: `translateY(${way}px)` }, { transform: 'none' }], GLIDE);
  }
}
