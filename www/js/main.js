// Starts the page: what the server wrote is shown first, then the snapshot is polled and the views follow it.

import { refreshWish } from './address.js';
import { fetchCounts } from './api.js';
import { refreshTimes } from './dom.js';
import { showOneUnseen } from './in-view.js';
import { createPoller } from './poll.js';
import { bindShortcuts } from './shortcuts.js';
import { readCounts } from './snapshot.js';
import { createStore, serverNow } from './state.js';
import { mountAges, noteAge } from './views/ages.js';
import { mountArrange } from './views/arrange.js';
import { mountCards } from './views/cards.js';
import { mountGender } from './views/gender.js';
import { mountGenerate } from './views/generate.js';
import { mountGrowth } from './views/growth.js';
import { mountHealth } from './views/health.js';
import { mountJobHistory } from './views/job-history.js';
import { mountJobs } from './views/jobs.js';
import { mountKiosk } from './views/kiosk.js';
import { mountMap } from './views/map.js';
import { restoreOrder } from './views/order.js';
import { mountRankings } from './views/rankings.js';
import { mountRates } from './views/rates.js';
import { mountStatus } from './views/status.js';
import { mountTheme } from './views/theme.js';
import { mountTrends } from './views/trends.js';
import { mountUsers } from './views/users.js';

const LOST_AFTER = 3;
/** Seconds: the server gives kept numbers for a moment also when all is well. */
const STALE_AFTER = 5;

const store = createStore();
const served = readCounts();
const poller = createPoller({ ask: fetchCounts, onGood: good, onBad: bad, interval: refreshWish() });
const main = document.getElementById('main');
const byId = (id) => document.getElementById(id);
let paused = false;
const isPaused = () => paused;

function good({ counts, age }) {
  if (counts) store.set('counts', counts);
  noteAge(store, 'counts', age);
  const goodAt = performance.now() - age * 1000;
  const phase = age > STALE_AFTER ? 'stale' : paused ? 'paused' : 'live';
  const message = phase === 'stale' ? 'The server gives its last numbers.' : '';
  store.set('link', { phase, goodAt, nextAt: 0, message });
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

function pause() {
  paused = !paused;
  byId('pause-switch').setAttribute('aria-pressed', String(paused));
  byId('pause-switch').querySelector('.button__word').textContent = paused ? 'Resume' : 'Pause';
  if (paused) store.set('link', { ...store.get('link'), phase: 'paused', nextAt: 0 });
  poller.hold(paused);
  if (!paused) document.dispatchEvent(new Event('headcount:resume'));
}

restoreOrder(main);
store.set('link', { phase: 'loading' });
if (served) store.set('counts', served);
mountTheme(byId('theme-switch'));
mountCards(main, store);
mountTrends(main, store, isPaused);
mountRates(main, store);
mountGender(main, store);
mountRankings(main, store);
mountJobs(main, store, poller.now);
mountJobHistory(main, isPaused);
mountGenerate(main, store, poller.now);
mountUsers(byId('newest'), store);
mountAges(main, store);
mountHealth(store, isPaused);
mountStatus(store, poller.now);
mountGrowth(main, store, isPaused);
mountMap(main, store, isPaused);
mountArrange(main, byId('arrange-switch'));
const kiosk = mountKiosk(byId('kiosk-switch'), byId('kiosk-leave'));
byId('pause-switch').addEventListener('click', pause);
bindShortcuts([
  { key: '/', label: 'Search users', run: () => location.assign('/users/#search') },
  { key: 'r', label: 'Refresh now', run: poller.now },
  { key: 'p', label: 'Pause or resume', run: pause },
  { key: 'k', label: 'Kiosk: numbers only', run: kiosk },
  { key: 't', label: 'Light or dark', run: () => byId('theme-switch').click() },
]);

setInterval(() => {
  if (document.hidden) return;
  refreshTimes(serverNow());
  store.set('second', serverNow());
  showOneUnseen();
}, 1000);
document.documentElement.dataset.ready = '';
poller.now();
