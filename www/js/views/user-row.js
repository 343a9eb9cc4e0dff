// One user as a row of the table.

import { hueOf, setText, setTime, stamp } from '../dom.js';
import { initials } from '../format.js';

export const makeUser = () => stamp('user-template');

export function updateUser(row, user, now) {
  const name = user.name || user.email || '–';
  put(row.querySelector('[data-name]'), name);
  put(row.querySelector('[data-email]'), user.email || '–');
  put(row.querySelector('[data-country-name]'), user.country || '–');
  setText(row.querySelector('[data-gender-word]'), user.gender || '–');
  setTime(row.querySelector('time'), user.createdAt, now);
  drawAvatar(row.querySelector('.avatar'), name, user._id);
}

/** The cell may cut the text off, so that the whole of it is in the title too. */
function put(element, text) {
  setText(element, text);
  if (element.title !== text) element.title = text;
}

/** Initials on a colour that belongs to the user; no picture is fetched from anywhere. */
function drawAvatar(avatar, name, id) {
  const hue = String(hueOf(id));
  setText(avatar, initials(name));
  if (avatar.dataset.hue === hue) return;
  avatar.dataset.hue = hue;
  avatar.style.setProperty('--hue', hue);
}
