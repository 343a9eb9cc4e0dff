// What happens right now: users and requests per second as numbers and as a line of the last two minutes, and how far
// the counting is behind.

import { setText } from '../dom.js';
import { number, plural, rate, remaining } from '../format.js';
import { runTo } from '../tween.js';

const MOST = 120;
const FEWEST = 6;
const WIDTH = 119;
const HEIGHT = 40;

export function mountRates(root, store) {
  const flows = [...root.querySelectorAll('[data-flow]')].map((flow) => ({
    flow,
    name: flow.dataset.flow,
    number: flow.querySelector('[data-count]'),
    line: flow.querySelector('.spark__line'),
    area: flow.querySelector('.spark__area'),
    rates: [],
    at: performance.now() - 1000,
  }));
  const words = root.querySelector('#pipeline-text');
  store.on('counts', (counts) => {
    for (const one of flows) showRate(one, counts.rates?.[one.name] ?? 0);
    setText(words, pipelineText(counts));
  });
  store.on('link', ({ phase }) => {
    if (phase !== 'live') return;
    for (const one of flows) draw(one, store.get('counts')?.rates?.[one.name] ?? 0);
  });
}

const showWhole = (element, value) => setText(element, number(value));
const showSmall = (element, value) => setText(element, rate(value));

function showRate({ flow, number: element }, perSecond) {
  runTo(element, perSecond, perSecond < 10 ? showSmall : showWhole);
  flow.dataset.active = perSecond > 0 ? '1' : '0';
}

/** One more second at the right edge, or as many as went by. A line of nothing but zeros stays as it is. */
function draw(one, perSecond) {
  const seconds = Math.round((performance.now() - one.at) / 1000);
  const quiet = one.rates.length >= MOST && perSecond === 0 && one.highest === 0;
  if (seconds < 1 || quiet) return;
  one.at = performance.now();
  one.rates.push(...Array(Math.min(MOST, seconds)).fill(perSecond));
  one.rates.splice(0, Math.max(0, one.rates.length - MOST));
  one.highest = Math.max(...one.rates);
  const line = one.rates.length >= FEWEST ? linePath(one.rates, one.highest) : '';
  one.line.setAttribute('d', line);
  one.area.setAttribute('d', line && `${line}V${HEIGHT}H${WIDTH - one.rates.length + 1}Z`);
}

/** A step is a second; the newest is at the right edge, the highest at the top. */
function linePath(rates, highest) {
  const begin = WIDTH - rates.length + 1;
  const points = rates.map((value, i) => `${begin + i},${(HEIGHT * (1 - value / (highest || 1))).toFixed(1)}`);
  return `M${points.join('L')}`;
}

/** Whether everything is counted, and how long it will take if not. */
function pipelineText({ lag, pipeline }) {
  if (pipeline?.consumers === 0) return 'No consumer runs: nothing is counted';
  if (!lag || !Number.isFinite(lag.messages)) return '';
  if (lag.messages === 0) return 'All is counted';
  const time = lag.seconds > 0 ? `, about ${remaining(lag.seconds)}` : '';
  return `${plural(lag.messages, 'message')} to go${time}`;
}
