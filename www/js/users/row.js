// One user as a row of the table.

import { setAttribute, setText, setTime, stamp } from '../dom.js';
import { drawAvatar } from './avatar.js';
import { showFlag } from './flag.js';

/** What a user is called; other systems may have written anything. */
export const callOf = (user) => asText(user.name).trim() || asText(user.email).trim() || 'Nameless user';

export function asText(value) {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

export const makeRow = () => stamp('user-template');

/** @param {{now: number, selected: boolean, current: boolean, href: string}} state */
export function updateRow(row, user, { now, selected, current, href }) {
  const name = callOf(user);
  const link = row.querySelector('[data-open]');
  drawAvatar(row.querySelector('.avatar'), name, user._id);
  put(link, name);
  setAttribute(link, 'href', href);
  setAttribute(link, 'aria-current', current ? 'true' : null);
  put(row.querySelector('[data-user-name]'), asText(user.userName));
  put(row.querySelector('[data-email]'), asText(user.email) || '–');
  put(row.querySelector('[data-phone]'), asText(user.phoneNumber) || '–');
  put(row.querySelector('[data-gender-word]'), asText(user.gender) || '–');
  showFlag(row.querySelector('.flag'), user.country);
  put(row.querySelector('[data-country-name]'), asText(user.country) || '–');
  showTime(row.querySelector('[data-active]'), user.lastActive, now);
  showTime(row.querySelector('[data-joined]'), user.createdAt, now);
  select(row, name, selected);
}

function select(row, name, selected) {
  const box = row.querySelector('[data-select]');
  if (box.checked !== selected) box.checked = selected;
  setAttribute(box, 'aria-label', `Select ${name}`);
  row.classList.toggle('user--selected', selected);
}

/** The cell may cut the text off, so that the whole of it is in the title too. */
function put(element, text) {
  setText(element, text);
  if (element.title !== text) element.title = text;
}

export function showTime(element, iso, now) {
  if (iso && !Number.isNaN(Date.parse(iso))) return setTime(element, iso, now);
  delete element.dataset.ago;
  element.removeAttribute('datetime');
  element.title = '';
  return setText(element, '–');
}
