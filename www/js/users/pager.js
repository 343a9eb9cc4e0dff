// Newest, previous, next, and how many rows a page has. The links are addresses, so they open in a new tab too.

import { setAttribute } from '../dom.js';
import { LIMITS, isFirstPage, tidy, writeAddress } from './address.js';

const NOWHERE = { after: '', before: '' };

export function mountPager(root, limit, navigation) {
  const links = Object.fromEntries([...root.querySelectorAll('[data-page]')].map((link) => [link.dataset.page, link]));
  for (const rows of LIMITS) limit.add(new Option(`${rows} rows`, rows));
  limit.addEventListener('change', () => navigation.filter({ limit: Number(limit.value) }));
  root.addEventListener('click', (event) => {
    const link = event.target.closest('[data-page]');
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (link.hasAttribute('href')) navigation.go(link.place);
  });

  /** Where there is nothing the link stays, without an address: nothing moves, and the focus isn't lost. */
  function aim(link, place, view) {
    link.place = place;
    setAttribute(link, 'href', place && writeAddress(tidy({ ...view, ...NOWHERE, ...place })));
    setAttribute(link, 'aria-disabled', place ? null : 'true');
    setAttribute(link, 'tabindex', place ? null : '0');
  }

  return {
    show(view, page) {
      const first = isFirstPage(view);
      limit.value = view.limit;
      aim(links.first, first ? null : NOWHERE, view);
      aim(links.prev, !first && page.prev ? { ...NOWHERE, before: page.prev } : null, view);
      aim(links.next, page.next ? { ...NOWHERE, after: page.next } : null, view);
    },
    follow(name) {
      if (links[name].place) navigation.go(links[name].place);
    },
  };
}
