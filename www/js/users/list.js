// The list of users: its rows, what stands in their place when there are none, and the words around it.

import { setText, stamp } from '../dom.js';
import { number, plural } from '../format.js';
import { SORTS, isFiltered, isFirstPage } from './address.js';

/** @param {HTMLElement} root the card @param {object} table of table.js */
export function createList(root, table) {
  const parts = {
    table: root.querySelector('.table'),
    summary: root.querySelector('[data-summary]'),
    arrived: root.querySelector('[data-arrived]'),
    none: root.querySelector('[data-none]'),
    total: document.querySelector('[data-total]'),
  };
  const state = { view: null, answer: null, users: undefined, error: null };

  function take({ users, page, total }, { view, quiet }) {
    const held = quiet && isFirstPage(view) && hasMoved(users) && table.isBusy();
    if (total !== undefined) state.users = total;
    if (state.answer === null) table.body.replaceChildren();
    state.error = null;
    parts.table.removeAttribute('aria-busy');
    parts.arrived.hidden = !held;
    setText(parts.total, state.users === undefined ? '' : number(state.users));
    if (held) return table.update(users);
    Object.assign(state, { view, answer: { users, page } });
    return table.show(users, { mark: quiet });
  }

  /** Whether rows would move under somebody's hands; what only follows at the end does not. */
  const hasMoved = (users) => users[0]?._id !== table.users[0]?._id;

  function show() {
    if (!state.answer && !state.error) return;
    const rows = state.error ? 0 : table.users.length;
    const order = state.view && SORTS.get(state.view.sort);
    setText(parts.summary, rows ? `${order} · ${plural(rows, 'row')}` : '');
    parts.table.hidden = rows === 0;
    parts.none.hidden = rows > 0;
    parts.none.dataset.kind = state.error ? 'bad' : '';
    if (state.error) explainFailure(parts.none, state.error);
    else if (rows === 0) explain(parts.none, state.view, state);
  }

  return {
    /** Rows that stand for those to come, so that nothing moves when they do. */
    wait(limit) {
      table.body.replaceChildren(...Array.from({ length: limit }, () => stamp('skeleton-template')));
      parts.table.setAttribute('aria-busy', 'true');
    },
    /** Old rows stay in sight, dimmed, until the new ones are there. */
    search: () => parts.table.setAttribute('aria-busy', 'true'),
    take,
    show,
    /** Old rows stay, unless what is asked for can't be had at all. */
    fail(error) {
      parts.table.removeAttribute('aria-busy');
      if (state.answer && error.status !== 400) return;
      if (!state.answer) table.body.replaceChildren();
      state.error = error;
    },
    get ready() { return state.answer !== null; },
    get page() { return state.error ? {} : state.answer?.page ?? {}; },
    get empty() { return state.answer !== null && table.users.length === 0; },
    words: () => `${plural(table.users.length, 'user')} shown`,
  };
}

function explainFailure(none, { status, message }) {
  setText(none.querySelector('[data-none-title]'), status === 400 ? 'This address leads nowhere' : 'The users can’t be shown right now');
  setText(none.querySelector('[data-none-text]'), message);
  offer(none, status === 400 ? ['all'] : []);
}

/** Why there is nothing, and the ways out. */
function explain(none, view, { users }) {
  const filtered = isFiltered(view);
  none.dataset.kind = '';
  setText(none.querySelector('[data-none-title]'), 'Oops! No User Found');
  setText(none.querySelector('[data-none-text]'), reason(view, filtered, users));
  if (!isFirstPage(view)) offer(none, ['first']);
  else if (filtered) offer(none, ['clear', 'add']);
  else offer(none, ['generate', 'add']);
}

function reason(view, filtered, users) {
  if (!isFirstPage(view)) return 'There is nothing on this page any more.';
  if (!filtered) return 'There are no users yet. Generate some, or add the first one yourself.';
  return users ? `None of ${plural(users, 'user')} fits what you look for.` : 'No user fits what you look for.';
}

function offer(none, ways) {
  for (const way of none.querySelectorAll('[data-way]')) way.hidden = !ways.includes(way.dataset.way);
}
