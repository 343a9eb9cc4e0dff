// All jobs that are remembered, as a table: loaded when it is opened, and again each few seconds while it is.

import { fetchResult } from '../api.js';
import { shortTime } from '../format.js';
import { tableBehind } from '../table.js';
import { watch } from '../watch.js';
import { jobTitle, noteOf, resultText } from './job-rows.js';

const EVERY = 5_000;
const HEAD = ['Job', 'State', 'Result', 'Seed', 'Started', 'Note'];

export function mountJobHistory(root, isPaused) {
  const details = root.querySelector('#jobs-history');
  let jobs = [];
  let trouble = '';
  const show = tableBehind(details, () => ({
    caption: trouble || 'All jobs, the newest first',
    head: HEAD,
    rows: jobs.map(rowOf),
  }));
  const asking = watch(details.querySelector('.behind__scroll'), {
    every: () => EVERY,
    isPaused,
    load: async (signal) => {
      if (!details.open) return;
      jobs = await fetchResult('/v1/jobs?limit=100', signal);
      trouble = '';
      show();
    },
    failed: (error) => {
      trouble = `Not refreshed: ${error.message}`;
      show();
    },
  });
  details.addEventListener('toggle', () => details.open && asking.now());
}

function rowOf(job) {
  const when = Date.parse(job.startedAt ?? job.createdAt);
  return [jobTitle(job), job.state, resultText(job), job.seed === undefined ? '–' : String(job.seed),
    Number.isNaN(when) ? '–' : shortTime(when), noteOf(job) || '–'];
}
