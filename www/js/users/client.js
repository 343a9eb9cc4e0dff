// What the users page asks of the server.

import { ApiError, fetchCounts, request } from '../api.js';

const one = (id) => `/v1/user/${encodeURIComponent(id)}`;

/** Whether a change that failed so may have been made all the same. */
export const isUnknown = (error) => error.status === 0 || /\/outcome-unknown$/.test(error.type ?? '');

/** Whether the same may go well a moment later. */
export const mayPass = (error) => error.status === 0 || error.status === 429 || error.status >= 500;

export async function listUsers(query, signal) {
  const { body } = await request(`/v1/user?${query}`, { signal });
  if (!Array.isArray(body?.result)) throw new ApiError('The server’s answer is no list of users.');
  return { users: body.result, page: body.page ?? {} };
}

let lastTotal;

/** How many users there are, as last heard: also by a turn that was dropped, whose answer doesn't come again. */
export async function countUsers(signal) {
  const { counts } = await fetchCounts(signal).catch(() => ({}));
  lastTotal = counts?.users ?? lastTotal;
  return lastTotal;
}

/** {code: number of users} */
export async function countCountries() {
  const { body } = await request('/v1/user/agg/country?limit=300');
  return new Map((body?.result ?? []).map(({ code, sum }) => [code, sum]));
}

export async function readUser(id, signal) {
  const { body, headers } = await request(one(id), { signal });
  return { user: body.result, tag: headers.get('ETag') };
}

export async function readRequests(id, before, signal) {
  const query = new URLSearchParams({ limit: 10, ...(before && { before }) });
  const { body } = await request(`${one(id)}/requests?${query}`, { signal });
  return { requests: body.result, next: body.page?.next ?? null };
}

/** The same key with the same fields makes one user, however often it is sent. */
export async function createUser(fields, key) {
  const { body } = await request('/v1/user', { method: 'POST', json: fields, headers: { 'Idempotency-Key': key } });
  return body.result;
}

/** Only if nobody else changed the user since the tag was read; else a 412. */
export async function updateUser(id, fields, tag) {
  const headers = tag ? { 'If-Match': tag } : {};
  const { body } = await request(one(id), { method: 'PATCH', json: fields, headers });
  return body.result;
}

/** Deleting what is gone already is what was wanted. The request goes on when the page is left. */
export async function deleteUser(id, { quiet = false } = {}) {
  await request(one(id), { method: 'DELETE', keepalive: true, quiet }).catch((error) => {
    if (error.status !== 404) throw error;
  });
}

/**
 * What an export of these filters would have: `rows` is null where nobody knows before it is read. `locked`: it
 * needs the token, which a link can't carry.
 */
export async function lookAtExport(query) {
  const response = await fetch(`/v1/user/export?${query}`, { method: 'HEAD' }).catch(() => null);
  if (!response) throw new ApiError('The server can’t be reached.');
  if (response.status === 401) return { locked: true, rows: null };
  if (!response.ok) throw new ApiError(`The server answered with status ${response.status}.`, response);
  const rows = response.headers.get('X-Total-Count');
  return { locked: false, rows: rows === null ? null : Number(rows) };
}
