// Starts the page: what the server wrote is shown first, then the snapshot is polled and the views follow it.

import { fetchCounts } from './api.js';
import { refreshTimes } from './dom.js';
import { createPoller } from './poll.js';
import { bindShortcuts } from './shortcuts.js';
import { readCounts } from './snapshot.js';
import { createStore, serverNow } from './state.js';
import { mountCards } from './views/cards.js';
import { mountCountries } from './views/countries.js';
import { mountGender } from './views/gender.js';
import { mountGenerate } from './views/generate.js';
import { mountJobs } from './views/jobs.js';
import { mountSpark } from './views/spark.js';
import { mountStatus } from './views/status.js';
import { mountTheme } from './views/theme.js';
import { mountUsers } from './views/users.js';

const LOST_AFTER = 3;

const store = createStore();
const served = readCounts();
const poller = createPoller({ ask: fetchCounts, onGood: good, onBad: bad });
const main = document.getElementById('main');

function good({ counts }) {
  if (counts) store.set('counts', counts);
  store.set('link', { phase: 'live', goodAt: performance.now() });
  document.getElementById('unavailable')?.remove();
}

/** Old values stay. */
function bad(error, failures, wait) {
  const { goodAt } = store.get('link');
  const phase = phaseOf(error, failures);
  store.set('link', { phase, goodAt, nextAt: performance.now() + wait, message: error.message });
}

/** One missed poll is no loss yet, three in a row are; a server that answers, but not with numbers, isn't lost. */
function phaseOf({ status }, failures) {
  if (status === 401) return 'locked';
  if (failures < LOST_AFTER) return 'retrying';
  return status ? 'failing' : 'lost';
}

store.set('link', { phase: 'loading' });
if (served) store.set('counts', served);
mountTheme(document.getElementById('theme-switch'));
mountCards(main, store);
mountSpark(main, store);
mountGender(main, store);
mountCountries(main, store);
mountJobs(main, store, poller.now);
mountGenerate(main, store, poller.now);
mountUsers(document.getElementById('newest'), store);
mountStatus(store, poller.now);
bindShortcuts([
  { key: '/', label: 'Search users', run: () => location.assign('/users/#search') },
  { key: 'r', label: 'Refresh now', run: poller.now },
  { key: 't', label: 'Light or dark', run: () => document.getElementById('theme-switch').click() },
]);

setInterval(() => {
  if (document.hidden) return;
  refreshTimes(serverNow());
  store.set('second', serverNow());
}, 1000);
document.documentElement.dataset.ready = '';
poller.now();
