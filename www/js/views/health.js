// How each service does, in words. Asked for rarely while all is well, often while something is wrong: one question
// costs the server a ping to each service.

import { fetchReady } from '../api.js';
import { watch } from '../watch.js';

const CALM = 60_000;
const WORRIED = 5_000;

const DOWN = {
  mongodb: 'The store (MongoDB) is down: these are the last numbers, and nothing can be changed until it is back.',
  redis: 'The cache (Redis) is down: numbers still come, a little slower.',
  kafka: 'The broker (Kafka) is down: new jobs wait until it is back.',
  consumer: 'No consumer is running: what comes in is kept, and counted once one is back.',
};

/**
 * Puts {down: [name, …], sentences: [text, …]} into the store as `health`. What is down only once may have been
 * slow: it is down when the next question, soon after, finds it so too.
 */
export function mountHealth(store, isPaused) {
  let before = [];
  const troubled = () => before.length > 0 || looksBad(store);
  const ask = watch(null, {
    every: () => (troubled() ? WORRIED : CALM * (0.8 + Math.random() * 0.4)),
    isPaused,
    load: async (signal) => {
      const ready = await fetchReady(signal);
      const down = ready ? downIn(ready) : guess(store);
      store.set('health', healthOf(down.filter((name) => before.includes(name))));
      before = down;
    },
  });
  let bad = false;
  store.on('link', () => {
    const now = looksBad(store);
    if (now && !bad) ask.now();
    bad = now;
  });
}

/** What the poll itself shows of a service that is away. */
function looksBad(store) {
  const { phase } = store.get('link') ?? {};
  return phase === 'stale' || phase === 'failing' || store.get('counts')?.pipeline?.consumers === 0;
}

const downIn = (ready) => Object.keys(DOWN).filter((name) => ready[name]?.state === 'down');

function healthOf(down) {
  return { down, sentences: down.map((name) => DOWN[name]) };
}

/** To whom the services' state is not told, what the numbers tell. */
const guess = (store) => (store.get('counts')?.pipeline?.consumers === 0 ? ['consumer'] : []);
