// The rows: brought up to date by key, so that focus, selection, scroll and marked text stay where they are.

import { showList } from '../dom.js';
import { serverNow } from '../state.js';
import { makeRow, updateRow } from './row.js';

/**
 * @param {HTMLTableElement} table
 * @param {object} how
 * @param {(id: string) => boolean} how.isSelected
 * @param {(id: string) => boolean} how.isHidden a user who is being deleted
 * @param {() => string} how.currentId whose panel is open
 * @param {(id: string) => string} how.hrefOf
 */
export function createTable(table, how) {
  const body = table.tBodies[0];
  let users = [];

  function draw({ mark = false } = {}) {
    const shown = users.filter((user) => !how.isHidden(user._id));
    const fresh = mark && isCalm(body, shown);
    keepFocus(body, () => showList(body, shown, {
      attribute: 'data-user',
      key: (user) => String(user._id),
      make: () => {
        const row = makeRow();
        row.toggleAttribute('data-fresh', fresh);
        return row;
      },
      update: (row, user) => updateRow(row, user, stateOf(user)),
    }));
  }

  const stateOf = ({ _id }) => ({
    now: serverNow(), selected: how.isSelected(_id), current: how.currentId() === _id, href: how.hrefOf(_id),
  });

  return {
    body,
    draw,
    show(next, options) {
      users = next;
      draw(options);
    },
    /** Only what is known anew of users who are shown. */
    update(next) {
      const byId = new Map(next.map((user) => [user._id, user]));
      users = users.map((user) => byId.get(user._id) ?? user);
      draw();
    },
    get users() { return users.filter((user) => !how.isHidden(user._id)); },
    find: (id) => users.find((user) => user._id === id),
    rowOf: (id) => [...body.rows].find((row) => row.dataset.user === id),
    /** Whether somebody is at work in the rows, so that none may move under their hands. */
    isBusy: () => body.contains(document.activeElement) || isMarking(body) || isSwept(body),
  };
}

function isMarking(body) {
  const selection = getSelection();
  return !selection.isCollapsed && body.contains(selection.anchorNode);
}

/** The list's beginning is scrolled out of sight: whoever reads further down would lose their place. */
const isSwept = (body) => body.getBoundingClientRect().top < -40;

/** Whether most rows stay: where all are new each time, marking them would only flicker. */
function isCalm(body, users) {
  const ids = new Set([...body.rows].map((row) => row.dataset.user));
  return users.filter(({ _id }) => !ids.has(String(_id))).length <= users.length / 2;
}

/** When the row with the focus goes, its neighbour's same control gets it. */
function keepFocus(body, change) {
  const active = document.activeElement;
  const row = body.contains(active) ? active.closest('tr') : null;
  const place = row ? row.sectionRowIndex : -1;
  change();
  if (!row || row.isConnected) return;
  const heir = body.rows[Math.min(place, body.rows.length - 1)];
  heir?.querySelector(active.matches('[data-select]') ? '[data-select]' : '[data-open]').focus();
}
