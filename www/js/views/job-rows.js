// One job as a row: while it runs with progress, afterwards in short.

import { setAttribute, setText, setTime, stamp } from '../dom.js';
import { duration, number, percent, plural, remaining } from '../format.js';

const FINAL = new Set(['done', 'cancelled', 'failed', 'removed']);
const THINGS = {
  users: 'user',
  activities: 'request',
  requests: 'request',
  import: 'imported user',
  delete: 'deletion',
};

export const isFinal = (job) => FINAL.has(job.state);

/** What the job is about: "11,000,000 users". */
export function jobTitle({ kind, total }) {
  const thing = THINGS[kind] ?? kind;
  return Number.isFinite(total) && total > 0 ? plural(total, thing) : `${thing}s`;
}

export function makeRunning(job) {
  const row = stamp('job-template');
  const title = row.querySelector('.job__title');
  title.id = `job-${job.id}`;
  row.querySelector('progress').setAttribute('aria-labelledby', title.id);
  row.querySelector('[data-cancel]').setAttribute('aria-describedby', title.id);
  return row;
}

export function updateRunning(row, job) {
  showHead(row, job, '.job__title');
  const bar = row.querySelector('progress');
  setAttribute(bar, 'max', Math.max(1, job.total || 1));
  setAttribute(bar, 'value', job.done ?? 0);
  setText(row.querySelector('[data-job-done]'), progressText(job));
  setText(row.querySelector('[data-job-rate]'), job.perSecond > 0 ? `${number(job.perSecond)}/s` : '');
  setText(row.querySelector('[data-job-left]'), leftText(job));
  setText(row.querySelector('[data-job-note]'), row.dataset.refusal || noteOf(job));
}

export const makePast = () => stamp('past-template');

export function updatePast(row, job, now) {
  showHead(row, job, '.past__title');
  const when = job.finishedAt ?? job.createdAt;
  if (when) setTime(row.querySelector('time'), when, now);
  setText(row.querySelector('[data-job-done]'), resultText(job));
  setText(row.querySelector('[data-job-note]'), noteOf(job));
}

function showHead(row, job, title) {
  setAttribute(row, 'data-state', job.state);
  setText(row.querySelector(title), jobTitle(job));
  setText(row.querySelector('[data-job-state]'), job.state);
}

function progressText({ done = 0, total }) {
  return total > 0 ? `${percent(done / total)} · ${number(done)}` : `${number(done)} done`;
}

function leftText({ state, etaSeconds }) {
  return state === 'running' && Number.isFinite(etaSeconds) ? `${remaining(etaSeconds)} left` : '';
}

function resultText({ done = 0, failed = 0, startedAt, finishedAt }) {
  const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
  const time = seconds > 0 ? ` in ${duration(seconds)}` : '';
  return `${number(done)} done${time}${failed > 0 ? `, ${number(failed)} failed` : ''}`;
}

/** What the server has to say about a job; an error may be text or a problem. */
export function noteOf({ error, detail }) {
  const said = error || detail || '';
  return typeof said === 'string' ? said : said.message ?? said.detail ?? '';
}
