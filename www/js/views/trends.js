// How each card's figure has moved: against 24 hours before or, in a young system, since the first sample there is.

import { fetchResult } from '../api.js';
import { setAttribute, setText } from '../dom.js';
import { clockOrDay, difference, growth, number, shortTime } from '../format.js';
import { serverNow } from '../state.js';
import { watch } from '../watch.js';
import { FIGURES } from './cards.js';

const EVERY = 60_000;
const DAY = 86_400_000;

export function mountTrends(root, store, isPaused) {
  const feet = Object.keys(FIGURES).map((name) => [name, root.querySelector(`[data-trend="${name}"]`)]);
  let base = null;
  const explain = () => {
    const when = shortTime(Date.parse(base.at));
    for (const [name, foot] of feet) foot.title = `${number(FIGURES[name](base.counts))} at ${when}`;
  };
  const show = () => {
    const counts = store.get('counts');
    if (!counts || !base) return;
    for (const [name, foot] of feet) showTrend(foot, FIGURES[name](counts), FIGURES[name](base.counts), base);
  };
  watch(null, {
    every: () => EVERY,
    isPaused,
    load: async (signal) => {
      base = await findBase(signal) ?? base;
      if (base) explain();
      show();
    },
  });
  store.on('counts', show);
}

/** The snapshot to compare with: of the first sample within the last 24 hours. None yet: undefined. */
async function findBase(signal) {
  const from = Math.floor((serverNow() - DAY) / 10_000) * 10_000;
  const { points, step } = await fetchResult(`/v1/counts/history?from=${new Date(from).toISOString()}`, signal);
  if (!points.length) return undefined;
  const { at } = points[0];
  const counts = await fetchResult(`/v1/counts?at=${encodeURIComponent(at)}`, signal);
  const whole = Date.parse(at) - from <= 2 * step * 1000;
  return { counts, since: whole ? 'in 24 h' : `since ${clockOrDay(Date.parse(at), serverNow())}`, at };
}

function showTrend(foot, now, then, base) {
  if (!Number.isFinite(now) || !Number.isFinite(then)) return;
  const moved = now - then;
  const direction = moved > 0 ? 'up' : moved < 0 ? 'down' : 'same';
  setAttribute(foot, 'data-direction', direction);
  setText(foot.querySelector('[data-trend-text]'), words(moved, then));
  setText(foot.querySelector('[data-trend-since]'), base.since);
}

function words(moved, then) {
  if (moved === 0) return 'No change';
  const part = then > 0 && Math.abs(moved / then) < 10 ? ` (${growth(moved / then)})` : '';
  return `${difference(moved)}${part}`;
}
