// Which users are selected: by id, over all pages, until they are deleted or let go.

import { number, plural } from '../format.js';
import { setText } from '../dom.js';

/** @param {() => void} onChange */
export function createSelection(onChange) {
  const chosen = new Map();
  const change = (work) => {
    work();
    onChange();
  };
  return {
    has: (id) => chosen.has(id),
    get users() { return [...chosen.values()]; },
    get size() { return chosen.size; },
    set: (users, on) => change(() => {
      for (const user of users) on ? chosen.set(user._id, user) : chosen.delete(user._id);
    }),
    clear: () => change(() => chosen.clear()),
  };
}

/** The box of the table's head, and the bar that says how many and offers what can be done with them. */
export function mountSelection(page, { selection, table, onDelete }) {
  const all = page.querySelector('[data-select-page]');
  const bar = page.querySelector('[data-bulk]');
  let last = null;

  table.body.addEventListener('click', (event) => {
    const box = event.target.closest('[data-select]');
    if (!box) return;
    const id = box.closest('tr').dataset.user;
    const range = event.shiftKey && last ? between(table.users, last, id) : [table.find(id)];
    last = id;
    selection.set(range, box.checked);
  });
  all.addEventListener('change', () => selection.set(table.users, all.checked));
  bar.querySelector('[data-bulk-clear]').addEventListener('click', () => {
    selection.clear();
    all.focus();
  });
  bar.querySelector('[data-bulk-delete]').addEventListener('click', () => onDelete(selection.users));

  return {
    show() {
      const here = table.users.filter(({ _id }) => selection.has(_id)).length;
      all.checked = here > 0 && here === table.users.length;
      all.indeterminate = here > 0 && !all.checked;
      bar.hidden = selection.size === 0;
      const elsewhere = selection.size - here;
      setText(bar.querySelector('[data-bulk-count]'),
        plural(selection.size, 'user') + ' selected' + (elsewhere ? `, ${number(elsewhere)} on other pages` : ''));
    },
  };
}

/** The users from one to another, as shift and click ask for. */
function between(users, first, second) {
  const places = [first, second].map((id) => users.findIndex(({ _id }) => _id === id));
  if (places.includes(-1)) return users.filter(({ _id }) => _id === second);
  return users.slice(Math.min(...places), Math.max(...places) + 1);
}
