// What the filter shows, as a file. The links are plain ones, so that the browser streams millions of rows to disk.

import { announce } from '../announce.js';
import { setAttribute, setText } from '../dom.js';
import { plural } from '../format.js';
import { exportQuery, isFiltered } from './address.js';
import { lookAtExport } from './client.js';

const LOCKED = 'A download needs the access token, which a link can’t carry. On the command line: '
  + 'curl -OJ -H "Authorization: Bearer …" ';

/** @param {HTMLDetailsElement} menu */
export function mountExports(menu, navigation) {
  const links = [...menu.querySelectorAll('[data-format]')];
  const words = menu.querySelector('[data-export-words]');
  menu.addEventListener('toggle', () => menu.open && look());
  menu.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !menu.open) return;
    menu.open = false;
    menu.querySelector('summary').focus();
  });
  document.addEventListener('click', (event) => {
    if (menu.open && !menu.contains(event.target)) menu.open = false;
  });
  for (const link of links) {
    link.addEventListener('click', () => link.hasAttribute('href') && setTimeout(() => { menu.open = false; }));
  }

  /** How many rows, and whether it goes at all, is asked when somebody wants to know. */
  async function look() {
    const asked = navigation.view;
    setText(words, 'Counting…');
    const found = await lookAtExport(exportQuery(asked, 'csv')).catch((error) => ({ error }));
    if (asked !== navigation.view) return;
    setText(words, sentence(found, asked));
    announce(words.textContent, { low: true });
    aim(asked, !found.locked && !found.error);
  }

  function aim(view, possible) {
    for (const link of links) {
      const path = `/v1/user/export?${exportQuery(view, link.dataset.format)}`;
      setAttribute(link, 'href', possible ? path : null);
      setAttribute(link, 'aria-disabled', possible ? null : 'true');
      setAttribute(link, 'tabindex', possible ? null : '0');
    }
  }

  return (view) => {
    aim(view, true);
    if (menu.open) look();
  };
}

function sentence({ locked, rows, error }, view) {
  if (locked) return `${LOCKED}${location.origin}/v1/user/export?${exportQuery(view, 'csv')}`;
  if (error) return `Not possible right now: ${error.message}`;
  const what = isFiltered(view) ? 'that fit the filters' : 'there are';
  const order = view.sort.endsWith('createdAt') ? '' : ', in the order in which they joined';
  return rows === null
    ? `All users ${what}${order}. How many is known when the file is written.`
    : `All ${plural(rows, 'user')} ${what}${order}.`;
}
