// Running and recent jobs, with buttons to pause, resume and cancel each that runs.

import { announce } from '../announce.js';
import { changeJob } from '../api.js';
import { showList } from '../dom.js';
import { whenSeen } from '../in-view.js';
import { serverNow } from '../state.js';
import { isFinal, jobTitle, makePast, makeRunning, updatePast, updateRunning } from './job-rows.js';

const RECENT = 6;
const WAIT_FOR_SNAPSHOT = 10_000;

/** @param {() => void} pollNow asks for a new snapshot at once */
export function mountJobs(root, store, pollNow) {
  const running = root.querySelector('#jobs-running');
  const recent = root.querySelector('#jobs-recent');
  const tellEnds = endTeller();

  const draw = whenSeen(root.querySelector('[data-card="jobs"]'), (jobs) => {
    showList(running, jobs.filter((job) => !isFinal(job)), rows(makeRunning, updateRunning));
    showList(recent, jobs.filter(isFinal).slice(0, RECENT), rows(makePast, updatePast));
  });
  const show = () => {
    const jobs = allJobs(store);
    tellEnds(jobs);
    draw(jobs);
  };
  store.on('counts', show);
  store.on('created', show);
  running.addEventListener('click', (event) => {
    const button = event.target.closest('[data-cancel], [data-pause]');
    if (button && button.getAttribute('aria-disabled') !== 'true') change(button, store, pollNow);
  });
}

function rows(make, update) {
  return {
    attribute: 'data-job',
    key: (job) => String(job.id),
    make,
    update: (row, job) => update(row, job, serverNow()),
  };
}

/** The snapshot's jobs, and before them those changed here that it doesn't show yet. */
function allJobs(store) {
  const counted = store.get('counts')?.jobs ?? [];
  const own = (store.get('created') ?? []).filter(({ at }) => performance.now() - at < WAIT_FOR_SNAPSHOT);
  const fresh = own.map(({ job }) => job).filter((job) => stillAhead(job, counted));
  const ids = new Set(fresh.map((job) => job.id));
  return [...fresh, ...counted.filter((job) => !ids.has(job.id))];
}

/** Whether what was answered here is newer than the snapshot: the job is missing there, or not yet in that state. */
function stillAhead(job, counted) {
  const known = counted.find(({ id }) => id === job.id);
  return !known || (job.state !== known.state && !isFinal(known) && job.state !== 'queued');
}

/** Puts a job that the server just answered with before the snapshot's. */
export function rememberJob(store, job) {
  const others = (store.get('created') ?? []).filter((entry) => entry.job.id !== job.id);
  store.set('created', [{ job, at: performance.now() }, ...others].slice(0, 20));
}

/** A refusal is kept with the row, so that the next snapshot does not wipe it away. */
async function change(button, store, pollNow) {
  const verb = button.matches('[data-cancel]') ? 'cancel' : button.textContent.toLowerCase();
  const row = button.closest('[data-job]');
  button.setAttribute('aria-disabled', 'true');
  delete row.dataset.refusal;
  try {
    const job = await changeJob(row.dataset.job, verb);
    if (verb === 'cancel') moveFocus(row);
    if (job?.id) rememberJob(store, job);
  } catch (error) {
    row.dataset.refusal = error.message;
    store.set('created', store.get('created') ?? []);
    announce(error.message);
  }
  button.removeAttribute('aria-disabled');
  pollNow();
}

/** A row about to go hands the focus on, so that a keyboard doesn't start over at the top of the page. */
function moveFocus(row) {
  if (!row.contains(document.activeElement)) return;
  const other = row.nextElementSibling ?? row.previousElementSibling;
  const target = other?.querySelector('[data-cancel]') ?? document.getElementById('generate-n');
  target.focus({ preventScroll: true });
}

/** Says when a job that ran has ended. */
function endTeller() {
  let open = new Set();
  return (jobs) => {
    const ended = jobs.find((job) => isFinal(job) && open.has(job.id));
    if (ended) announce(`${jobTitle(ended)}: ${ended.state}`);
    open = new Set(jobs.filter((job) => !isFinal(job)).map((job) => job.id));
  };
}
