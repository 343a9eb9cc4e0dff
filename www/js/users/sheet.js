// The panel beside the list: one user with all fields, further ones too, and what there is to do with them.

import { announce } from '../announce.js';
import { setText, showList, stamp } from '../dom.js';
import { serverNow } from '../state.js';
import { drawAvatar } from './avatar.js';
import { readUser } from './client.js';
import { showFlag } from './flag.js';
import { createRequests } from './requests.js';
import { asText, callOf, showTime } from './row.js';

const SCHEMA = new Set(['_id', 'name', 'userName', 'email', 'phoneNumber', 'gender', 'country', 'avatar', 'lastActive',
  'createdAt', 'updatedAt', '__v']);
const GONE = 'This user doesn’t exist any more.';
const narrow = matchMedia('(max-width: 59.99rem)');

/** @param {{onClose: () => void, onEdit: (user) => void, onDelete: (user) => void}} how */
export function createSheet(sheet, how) {
  const requests = createRequests(sheet);
  const state = { id: '', user: null, flight: null, from: null };

  sheet.querySelector('[data-close]').addEventListener('click', how.onClose);
  sheet.querySelector('[data-edit]').addEventListener('click', () => state.user && how.onEdit(state.user));
  sheet.querySelector('[data-delete]').addEventListener('click', () => state.user && how.onDelete(state.user));
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && state.id && !event.defaultPrevented && !document.querySelector('dialog[open]')) {
      how.onClose();
    }
  });
  narrow.addEventListener('change', () => setModal(Boolean(state.id)));

  async function read() {
    state.flight?.abort();
    const mine = new AbortController();
    const { id } = state;
    state.flight = mine;
    const answer = await readUser(id, mine.signal).catch((error) => ({ error }));
    if (state.flight !== mine) return;
    state.flight = null;
    if (answer.error) failed(answer.error);
    else show(answer.user);
  }

  function show(user) {
    state.user = user;
    setNote('');
    sheet.removeAttribute('aria-busy');
    fill(sheet, user);
  }

  function failed(error) {
    sheet.removeAttribute('aria-busy');
    if (error.status === 404) {
      state.user = null;
      sheet.toggleAttribute('data-gone', true);
      announce(GONE);
      return setNote(GONE);
    }
    return setNote(`Not up to date: ${error.message}`);
  }

  function setNote(text) {
    setText(sheet.querySelector('[data-sheet-note]'), text);
    if (!text) sheet.removeAttribute('data-gone');
  }

  function open(id, known) {
    const other = id !== state.id;
    if (!state.id) state.from = document.activeElement;
    state.id = id;
    if (other) {
      state.user = null;
      blank(sheet);
      setNote('');
      if (known) show(known);
      else sheet.setAttribute('aria-busy', 'true');
    }
    sheet.hidden = false;
    setModal(true);
    if (other) sheet.querySelector('.sheet__body').scrollTop = 0;
    if (other) sheet.querySelector('#sheet-title').focus();
    read();
    requests.open(id);
  }

  /** @returns {string} whose panel it was */
  function close() {
    const { id } = state;
    state.flight?.abort();
    requests.close();
    Object.assign(state, { id: '', user: null, flight: null });
    sheet.hidden = true;
    setModal(false);
    return id;
  }

  return {
    open,
    close,
    show: (user) => state.id === user._id && show(user),
    refresh() {
      if (!state.id || state.flight) return;
      read();
      requests.open(state.id);
    },
    get id() { return state.id; },
    get user() { return state.user; },
    get from() { return state.from; },
  };
}

/** Where the panel covers everything, nothing behind it can be reached. */
function setModal(open) {
  for (const part of document.querySelectorAll('.topbar, main, .footer')) part.inert = open && narrow.matches;
}

function blank(sheet) {
  for (const element of sheet.querySelectorAll('[data-field], [data-time]')) setText(element, '–');
  setText(sheet.querySelector('#sheet-title'), ' ');
  setText(sheet.querySelector('.avatar'), '');
  sheet.querySelector('[data-extra]').replaceChildren();
}

function fill(sheet, user) {
  setText(sheet.querySelector('#sheet-title'), callOf(user));
  sheet.querySelector('#sheet-title').title = callOf(user);
  drawAvatar(sheet.querySelector('.avatar'), callOf(user), user._id);
  for (const element of sheet.querySelectorAll('[data-field]')) {
    setText(element, asText(user[element.dataset.field]) || '–');
  }
  for (const element of sheet.querySelectorAll('[data-time]')) showTime(element, user[element.dataset.time], serverNow());
  showFlag(sheet.querySelector('.flag'), user.country);
  const extra = Object.entries(user).filter(([name]) => !SCHEMA.has(name));
  showList(sheet.querySelector('[data-extra]'), extra, {
    attribute: 'data-extra-field',
    key: ([name]) => name,
    make: () => stamp('field-template'),
    update: (row, [name, value]) => {
      setText(row.querySelector('dt'), name);
      setText(row.querySelector('dd'), asText(value) || '–');
    },
  });
}
