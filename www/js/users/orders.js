// The order of the list: by the heads of the columns and by a select, which are never at odds. What the server
// can't do is disabled, and it is said why.

import { announce } from '../announce.js';
import { setAttribute, setText } from '../dom.js';
import { NEWEST, SORTS, mayOrder } from './address.js';
import { showToast } from './toasts.js';

const WHY = 'While you search by words, name or e-mail, the list can be sorted by time of joining only.';

export function mountOrders(root, navigation) {
  const select = root.querySelector('#sort');
  const note = root.querySelector('#sort-note');
  const heads = [...root.querySelectorAll('[data-sort]')];
  for (const [sort, words] of SORTS) select.add(new Option(words, sort));
  select.addEventListener('change', () => navigation.filter({ sort: select.value }));
  for (const head of heads) {
    head.addEventListener('click', () => {
      if (head.getAttribute('aria-disabled') === 'true') tellWhy();
      else navigation.filter({ sort: next(head, navigation.view.sort) });
    });
  }
  return (view) => {
    const free = mayOrder(view);
    setText(note, free ? '' : WHY);
    for (const option of select.options) showOption(option, free || isByTime(option.value));
    select.value = view.sort;
    for (const head of heads) showHead(head, view.sort, free);
  };
}

let why = null;

function tellWhy() {
  why?.close();
  why = showToast({ text: WHY });
  announce(WHY);
}

function showOption(option, possible) {
  option.disabled = !possible;
  setText(option, `${SORTS.get(option.value)}${possible ? '' : ' – not in a search'}`);
}

const isByTime = (sort) => sort.endsWith('createdAt');

/** A column begins at its natural end: texts at A, times at the newest; then it turns. */
function next(head, sort) {
  const field = head.dataset.sort;
  if (sort === field) return `-${field}`;
  if (sort === `-${field}`) return field;
  return field === 'createdAt' ? NEWEST : field;
}

function showHead(head, sort, free) {
  const field = head.dataset.sort;
  const possible = free || field === 'createdAt';
  const order = sort === field ? 'ascending' : sort === `-${field}` ? 'descending' : null;
  setAttribute(head.closest('th'), 'aria-sort', order);
  setAttribute(head, 'aria-disabled', possible ? null : 'true');
  setAttribute(head, 'aria-describedby', possible ? null : 'sort-note');
  head.title = possible ? '' : WHY;
}
