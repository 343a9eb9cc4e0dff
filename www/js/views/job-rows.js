// One job as a row: while it runs with progress, afterwards in short.

import { partsOf, setAttribute, setText, setTime, stamp } from '../dom.js';
import { duration, number, percent, plural, remaining } from '../format.js';

const FINAL = new Set(['done', 'cancelled', 'failed', 'removed']);
const THINGS = {
  users: 'user',
  activities: 'request',
  requests: 'request',
  import: 'imported user',
  delete: 'deletion',
};

const RUNNING = { title: '.job__title', state: '[data-job-state]', bar: 'progress', done: '[data-job-done]',
  rate: '[data-job-rate]', left: '[data-job-left]', note: '[data-job-note]', pause: '[data-pause]' };
const PAST = { title: '.past__title', state: '[data-job-state]', time: 'time', done: '[data-job-done]',
  note: '[data-job-note]' };

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
  for (const button of row.querySelectorAll('button')) button.setAttribute('aria-describedby', title.id);
  return row;
}

export function updateRunning(row, job) {
  const parts = partsOf(row, RUNNING);
  const paused = job.state === 'paused';
  showHead(row, parts, job);
  setAttribute(parts.bar, 'max', Math.max(1, job.total || 1));
  setAttribute(parts.bar, 'value', job.done ?? 0);
  setText(parts.done, progressText(job));
  setText(parts.rate, job.perSecond > 0 ? `${number(job.perSecond)}/s` : '');
  setText(parts.left, leftText(job));
  setText(parts.note, row.dataset.refusal || noteOf(job));
  setText(parts.pause, paused ? 'Resume' : 'Pause');
}

export const makePast = () => stamp('past-template');

export function updatePast(row, job, now) {
  const parts = partsOf(row, PAST);
  showHead(row, parts, job);
  const when = job.finishedAt ?? job.createdAt;
  if (when) setTime(parts.time, when, now);
  setText(parts.done, resultText(job));
  setText(parts.note, noteOf(job));
}

function showHead(row, parts, job) {
  setAttribute(row, 'data-state', job.state);
  setText(parts.title, jobTitle(job));
  setText(parts.state, job.state);
}

function progressText({ done = 0, total }) {
  return total > 0 ? `${percent(done / total)} · ${number(done)}` : `${number(done)} done`;
}

function leftText({ state, etaSeconds }) {
  return state === 'running' && Number.isFinite(etaSeconds) ? `${remaining(etaSeconds)} left` : '';
}

export function resultText({ done = 0, failed = 0, startedAt, finishedAt }) {
  const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
  const time = seconds > 0 ? ` in ${duration(seconds)}` : '';
  return `${number(done)} done${time}${failed > 0 ? `, ${number(failed)} failed` : ''}`;
}

/** What the server has to say about a job; an error may be text or a problem. */
export function noteOf({ error, detail }) {
  const said = error || detail || '';
  return typeof said === 'string' ? said : said.message ?? said.detail ?? '';
}
