// The few ways in which the page is changed. Values enter as text, and only when they differ.

import { ago, exactTime } from './format.js';

/** Sets the text of an element if it isn't that already. A text is changed, not replaced: that is cheaper. */
export function setText(element, text) {
  const value = String(text ?? '');
  const first = element.firstChild;
  if (first?.nodeType === Node.TEXT_NODE && !first.nextSibling && value) {
    if (first.data !== value) first.data = value;
  } else if (element.textContent !== value) {
    element.textContent = value;
  }
}

/** Sets an attribute if it isn't that already; null takes it away. */
export function setAttribute(element, name, value) {
  if (value === null || value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/** An element by tag, class and text. */
export function element(tag, className = '', text = '') {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== '') made.textContent = text;
  return made;
}

/** The parts of a row, looked up once: {name: selector} → {name: element}. */
export function partsOf(row, selectors) {
  if (!known.has(row)) {
    known.set(row, Object.fromEntries(Object.entries(selectors).map(([name, one]) => [name, row.querySelector(one)])));
  }
  return known.get(row);
}
const known = new WeakMap();

/** A new element from one of the page's templates. */
export function stamp(templateId) {
  return document.getElementById(templateId).content.firstElementChild.cloneNode(true);
}

/**
 * Makes a list show the items: rows are found by their key, made where missing, moved, updated, and removed when
 * their item is gone. A row that stays is the same element, so focus and selection stay too.
 * @param {Element} list
 * @param {Array} items
 * @param {object} how
 * @param {string} how.attribute holds the key in a row
 * @param {(item) => string} how.key
 * @param {(item) => Element} how.make
 * @param {(row: Element, item) => void} how.update
 */
export function showList(list, items, { attribute, key, make, update }) {
  const rows = new Map([...list.children].map((row) => [row.getAttribute(attribute), row]));
  const wanted = new Set(items.map(key));
  for (const [name, row] of rows) if (!wanted.has(name)) row.remove();
  let place = list.firstElementChild;
  for (const item of items) {
    const row = rows.get(key(item)) ?? made(make, item, attribute, key);
    if (row === place) place = place.nextElementSibling;
    else list.insertBefore(row, place);
    update(row, item);
  }
}

function made(make, item, attribute, key) {
  const row = make(item);
  row.setAttribute(attribute, key(item));
  return row;
}

/** Puts a moment into a <time>: "x ago" now and at every refreshTimes, the exact time as title. */
export function setTime(element, iso, now) {
  const moment = Date.parse(iso);
  if (Number.isNaN(moment)) return;
  if (element.dateTime !== iso || !element.dataset.ago) {
    element.dateTime = iso;
    element.title = exactTime(moment);
    element.dataset.ago = '1';
  }
  setText(element, ago(moment, now));
}

/** Brings every "x ago" of the page up to date. */
export function refreshTimes(now) {
  for (const element of document.querySelectorAll('time[data-ago]')) {
    setText(element, ago(Date.parse(element.dateTime), now));
  }
}

/** A hue that belongs to the key for life: one of 20 around the circle, without the muddy yellows. */
export function hueOf(key) {
  let hash = 2166136261;
  for (const unit of String(key)) hash = Math.imul(hash ^ unit.codePointAt(0), 16777619);
  return (135 + ((hash ^ (hash >>> 15)) >>> 0) % 20 * 15) % 360;
}
