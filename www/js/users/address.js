// What the list shows, as an address: reload, back and a shared link give the same view.

import { codeOf } from './countries.js';

export const LIMITS = [10, 25, 50, 100];
export const NEWEST = '-createdAt';

/** Every order that the server knows, with its words. */
export const SORTS = new Map([
  [NEWEST, 'Newest first'],
  ['createdAt', 'Oldest first'],
  ['name', 'Name A–Z'],
  ['-name', 'Name Z–A'],
  ['email', 'E-mail A–Z'],
  ['-email', 'E-mail Z–A'],
  ['country', 'Country A–Z'],
  ['-country', 'Country Z–A'],
]);

export const EMPTY = {
  search: '', name: '', email: '', country: '', sort: NEWEST, limit: 25, after: '', before: '', user: '',
};
/** What a search may have (fcgi/users.h, fcgi/users_search.h); a name counts as one of its words. */
const WORDS = 8;
const WORDS_BYTES = 200;
const EMAIL_BYTES = 254;
const FILTERS = ['search', 'name', 'email', 'country'];

export const isFiltered = (view) => FILTERS.some((name) => view[name].trim() !== '');

export const isFirstPage = (view) => !view.after && !view.before;

/** The index that serves an order by name, e-mail or country knows of no other filter than the country. */
export const mayOrder = (view) => !view.search.trim() && !view.name.trim() && !view.email.trim();

/** The beginning of a text that the server takes: no control characters, so many bytes, so many words. */
function fit(text, bytes, words = Infinity) {
  const plain = text.replace(/[\u0000-\u001f\u007f]/g, ' ');
  const short = plain.slice(0, new TextEncoder().encodeInto(plain, new Uint8Array(bytes)).read);
  const all = short.split(' ').filter(Boolean);
  return all.length > words ? all.slice(0, words).join(' ') : short;
}

/** A view that the server does not refuse: unknown values are left out, an order that doesn't go becomes the default. */
export function tidy(view) {
  const sort = SORTS.has(view.sort) ? view.sort : NEWEST;
  return {
    ...view,
    search: fit(view.search, WORDS_BYTES, view.name.trim() ? WORDS - 1 : WORDS),
    name: fit(view.name, WORDS_BYTES),
    email: fit(view.email, EMAIL_BYTES),
    country: codeOf(view.country),
    limit: LIMITS.includes(view.limit) ? view.limit : EMPTY.limit,
    sort: mayOrder(view) || sort === 'createdAt' ? sort : NEWEST,
    before: view.after ? '' : view.before,
    user: /^[0-9a-f]{24}$/i.test(view.user) ? view.user.toLowerCase() : '',
  };
}

/** The view that the query of an address means. */
export function readAddress(query) {
  const given = new URLSearchParams(query);
  const view = Object.fromEntries(Object.keys(EMPTY).map((name) => [name, given.get(name) ?? EMPTY[name]]));
  return tidy({ ...view, limit: Number(view.limit) });
}

/** The query of a view, with what differs from the plain list only. */
export function writeAddress(view) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(view)) {
    if (value !== EMPTY[name] && String(value).trim()) query.set(name, value);
  }
  return `${location.pathname}${query.size ? `?${query}` : ''}`;
}

/** The same for the server: `user` is none of its business. */
export function listQuery(view) {
  const query = new URLSearchParams({ limit: view.limit });
  for (const name of [...FILTERS, 'after', 'before']) if (view[name].trim()) query.set(name, view[name].trim());
  if (view.sort !== NEWEST) query.set('sortBy', view.sort);
  return query;
}

/** The filters alone, as the export takes them; it has an order by time only. */
export function exportQuery(view, format) {
  const query = new URLSearchParams({ format });
  for (const name of FILTERS) if (view[name].trim()) query.set(name, view[name].trim());
  if (view.sort === NEWEST) query.set('sortBy', NEWEST);
  return query;
}

/** Equal for views that show the same rows. */
export const listKey = ({ user, ...list }) => JSON.stringify(list);
