// The newest users, ten a page, by cursor. The first page keeps itself fresh; a page further back stays as it is.

import { askToken } from '../auth.js';
import { fetchUsers } from '../api.js';
import { setAttribute, setText, showList } from '../dom.js';
import { backOff } from '../poll.js';
import { readUsers } from '../snapshot.js';
import { serverNow } from '../state.js';
import { makeUser, updateUser } from './user-row.js';

const REFRESH_EVERY = 2_000;

export function mountUsers(root, store) {
  const view = {
    table: root.querySelector('.table'),
    body: root.querySelector('#newest-rows'),
    note: root.querySelector('#newest-note'),
    links: Object.fromEntries([...root.querySelectorAll('[data-page]')].map((link) => [link.dataset.page, link])),
    cursor: cursorOf(location.search),
    flight: null,
    failures: 0,
    shownFor: undefined,
    notBefore: 0,
    timer: 0,
  };
  const served = readUsers(view.table);
  if (served.users.length) show(view, served, false);
  setUpLinks(view);
  addEventListener('popstate', () => load(view, cursorOf(location.search)));
  store.on('counts', ({ users }) => keepFresh(view, store, users));
  store.on('second', () => keepFresh(view, store, store.get('counts')?.users));
}

/** Which page an address means: {after}, {before}, or {} for the newest. */
function cursorOf(search) {
  const query = new URLSearchParams(search);
  for (const name of ['after', 'before']) if (query.get(name)) return { [name]: query.get(name) };
  return {};
}

const isNewest = (view) => !view.cursor.after && !view.cursor.before;

/** With script a pager link changes the table in place, so it acts as a button; without, it is the link it was. */
function setUpLinks(view) {
  for (const link of Object.values(view.links)) {
    link.setAttribute('role', 'button');
    link.addEventListener('click', (event) => follow(view, link, event));
    link.addEventListener('keydown', (event) => event.key === ' ' && follow(view, link, event));
  }
}

function follow(view, link, event) {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (!link.hasAttribute('href')) return;
  const { pathname, search } = new URL(link.href);
  history.pushState(null, '', pathname + search);
  load(view, cursorOf(search));
}

/** Refreshes the first page when the number of users has changed, at most every 2 s. */
function keepFresh(view, store, users) {
  view.shownFor ??= view.body.childElementCount ? users : undefined;
  if (users === undefined || users === view.shownFor) return;
  if (!isNewest(view) || document.hidden || view.flight || view.timer) return;
  const wait = Math.max(0, view.notBefore - performance.now());
  view.timer = setTimeout(() => {
    view.timer = 0;
    if (isNewest(view) && !document.hidden && !isSelecting(view)) load(view, {}, store.get('counts').users);
  }, wait);
}

/** Rows in which somebody is marking text are left alone. */
function isSelecting(view) {
  const selection = getSelection();
  return !selection.isCollapsed && view.body.contains(selection.anchorNode);
}

/** Fetches and shows a page; a later call overtakes an earlier one. */
async function load(view, cursor, users) {
  view.flight?.abort();
  const mine = new AbortController();
  const moved = JSON.stringify(cursor) !== JSON.stringify(view.cursor);
  Object.assign(view, { flight: mine, cursor });
  if (moved) view.shownFor = -1;
  if (moved) view.table.setAttribute('aria-busy', 'true');
  const outcome = await fetchUsers(cursor, mine.signal).then((answer) => ({ answer }), (error) => ({ error }));
  if (view.flight !== mine) return;
  view.flight = null;
  view.table.removeAttribute('aria-busy');
  if (outcome.error) return failed(view, outcome.error);
  arrived(view, outcome.answer, users, moved);
}

function arrived(view, answer, users, moved) {
  view.failures = 0;
  view.notBefore = performance.now() + REFRESH_EVERY;
  if (view.cursor.before && !answer.page.prev) return backToNewest(view, answer);
  if (users !== undefined) view.shownFor = users;
  setNote(view, '', '');
  show(view, answer, !moved);
}

/** Going back has reached the front: from here on it is the first page, which may want filling up. */
function backToNewest(view, answer) {
  history.replaceState(null, '', '/');
  show(view, answer, false);
  load(view, {});
}

function failed(view, error) {
  view.failures += 1;
  view.notBefore = performance.now() + backOff(view.failures, error.retryAfter);
  if (error.status === 401) offerToken(view);
  else setNote(view, 'bad', isNewest(view) ? `Not refreshed: ${error.message}` : error.message);
}

function setNote(view, kind, sentence) {
  view.note.dataset.kind = kind;
  setText(view.note, sentence);
}

/** A list that isn't open to everybody: a button asks for the token, nothing pops up by itself. */
function offerToken(view) {
  if (view.note.querySelector('button')) return;
  setNote(view, 'bad', '');
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'button button--small';
  button.textContent = 'Show users with the token';
  button.addEventListener('click', async () => {
    if (await askToken()) load(view, view.cursor);
  });
  view.note.replaceChildren(button);
}

/** Puts a page into the table. The few rows that came since the last refresh are marked for a moment. */
function show(view, { users, page }, refreshed) {
  const mark = refreshed && isCalm(view, users);
  showList(view.body, users, {
    attribute: 'data-user',
    key: (user) => String(user._id),
    make: () => {
      const row = makeUser();
      row.toggleAttribute('data-fresh', mark);
      return row;
    },
    update: (row, user) => updateUser(row, user, serverNow()),
  });
  const newest = isNewest(view);
  view.links.first.hidden = newest;
  setTarget(view.links.prev, !newest && page.prev ? { before: page.prev } : null);
  setTarget(view.links.next, page.next ? { after: page.next } : null);
}

/** Whether most rows stay: where all are new each time, marking them would only flicker. */
function isCalm(view, users) {
  const ids = new Set([...view.body.children].map((row) => row.dataset.user));
  return users.filter(({ _id }) => !ids.has(String(_id))).length <= users.length / 2;
}

function setTarget(link, cursor) {
  setAttribute(link, 'href', cursor && `/?${new URLSearchParams(cursor)}`);
  setAttribute(link, 'aria-disabled', cursor ? null : 'true');
  setAttribute(link, 'tabindex', cursor ? null : '0');
}
