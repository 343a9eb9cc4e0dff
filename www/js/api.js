// Talks to the server. Every failure comes out as an ApiError whose message can be shown as it is.

import { askToken, authHeaders, refuseToken } from './auth.js';
import { noteServerDate } from './state.js';

const READ_TIMEOUT = 5_000;
const WRITE_TIMEOUT = 15_000;

export class ApiError extends Error {
  /** @param {string} message @param {{status?: number, errors?: Array, retryAfter?: number}} more */
  constructor(message, { status = 0, errors = [], retryAfter = 0 } = {}) {
    super(message);
    this.status = status;
    this.errors = errors;
    this.retryAfter = retryAfter;
  }
}

/** One exchange with a time limit; the body is read within it. An abort from outside is thrown on as it is. */
async function exchange(path, options, limit, outer) {
  const inner = new AbortController();
  const relay = () => inner.abort();
  let late = false;
  const timer = setTimeout(() => { late = true; inner.abort(); }, limit);
  outer?.addEventListener('abort', relay);
  try {
    const response = await fetch(path, { ...options, signal: inner.signal });
    return { response, body: await readBody(response) };
  } catch (error) {
    if (outer?.aborted) throw error;
    throw new ApiError(late ? 'The server did not answer in time.' : 'The server can’t be reached.');
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', relay);
  }
}

async function readBody(response) {
  if (!/\bjson\b/.test(response.headers.get('Content-Type') ?? '')) return null;
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The failure that an answer tells of, in the server's own words where it has some. */
function failure(response, body) {
  const { status } = response;
  const words = body?.message ?? body?.detail ?? body?.title;
  const seconds = Number(response.headers.get('Retry-After'));
  return new ApiError(words || `The server answered with status ${status}.`, {
    status,
    errors: Array.isArray(body?.errors) ? body.errors : [],
    retryAfter: Number.isFinite(seconds) ? seconds * 1000 : 0,
  });
}

/** The last snapshot's ETag. */
let countsTag = '';

/**
 * Asks for the snapshot. `counts` is undefined when it is the same as last time; `interval` is the wait until the
 * next poll that the server wishes, in ms (negative: no next one); `age` is how many seconds old the numbers are when
 * the server could only give kept ones, else 0.
 */
export async function fetchCounts(signal) {
  const headers = { Accept: 'application/json', ...authHeaders(), ...(countsTag && { 'If-None-Match': countsTag }) };
  const { response, body } = await exchange('/v1/counts', { headers }, READ_TIMEOUT, signal);
  if (response.status === 401) refuseToken(headers);
  if (response.status !== 304 && !(response.ok && body?.result)) throw failure(response, body);
  noteServerDate(response.headers.get('Date'));
  if (response.status !== 304) countsTag = response.headers.get('ETag') ?? '';
  return {
    counts: body?.result,
    interval: pollInterval(response.headers.get('Poll-Interval')),
    age: Number(response.headers.get('Age')) || 0,
  };
}

function pollInterval(header) {
  const wish = header === null ? NaN : Number(header);
  if (!Number.isFinite(wish)) return 1000;
  return wish < 0 ? -1 : Math.min(60_000, Math.max(250, wish));
}

/** `result` of a read. */
export async function fetchResult(path, signal) {
  const { body } = await request(path, { signal });
  return body?.result;
}

/** How each service does: {mongodb: {state}, …}, also from a 503; null where that is not told to this reader. */
export async function fetchReady(signal) {
  const headers = { Accept: 'application/json', ...authHeaders() };
  const { response, body } = await exchange('/v1/ready', { headers }, READ_TIMEOUT, signal);
  if (response.status === 401 || response.status === 403) return null;
  if (!body?.result) throw failure(response, body);
  return body.result;
}

/** One page of users: `cursor` is {after} or {before} or nothing for the newest. */
export async function fetchUsers(cursor, signal) {
  const query = new URLSearchParams({ limit: '10', ...cursor });
  const headers = { Accept: 'application/json', ...authHeaders() };
  const { response, body } = await exchange(`/v1/user?${query}`, { headers }, READ_TIMEOUT, signal);
  if (response.status === 401) refuseToken(headers);
  if (!response.ok || !Array.isArray(body?.result)) throw failure(response, body);
  return { users: body.result, page: body.page ?? {} };
}

/**
 * Begins a job that makes n users or n requests ('users', 'activities'). The same key sent again is the same job, so
 * a lost answer can be asked again.
 */
export async function startJob(kind, n, options, key) {
  const json = Object.keys(options).length ? options : undefined;
  const headers = { 'Idempotency-Key': key };
  return (await request(`/v1/generate/${kind}/random/${n}`, { method: 'POST', headers, json })).body?.result;
}

/** @param {'cancel' | 'pause' | 'resume'} verb */
export async function changeJob(id, verb) {
  return (await request(`/v1/jobs/${encodeURIComponent(id)}/${verb}`, { method: 'POST' })).body?.result;
}

/** A key nobody else has; also where crypto.randomUUID is missing because the page came without TLS. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Any other exchange: {body, headers} of a good answer; an ApiError with the problem's `type` for the rest. A change
 * asks for the token when the server wants one and is sent again, unless it is `quiet`.
 * @param {{method?: string, headers?: object, json?: object, signal?: AbortSignal, keepalive?: boolean, quiet?: boolean}} how
 */
export async function request(path, { method = 'GET', headers = {}, json, signal, keepalive, quiet } = {}) {
  const sent = { Accept: 'application/json', ...authHeaders(), ...headers };
  if (json !== undefined) sent['Content-Type'] = 'application/json';
  const options = { method, headers: sent, keepalive, body: json === undefined ? undefined : JSON.stringify(json) };
  const { response, body } = await exchange(path, options, method === 'GET' ? READ_TIMEOUT : WRITE_TIMEOUT, signal);
  if (response.status === 401) {
    const refused = refuseToken(sent);
    if (method !== 'GET' && !quiet && await askToken(refused)) return request(path, { method, headers, json, signal });
  }
  if (!response.ok) throw Object.assign(failure(response, body), { type: body?.type ?? '' });
  noteServerDate(response.headers.get('Date'));
  return { body, headers: response.headers };
}
