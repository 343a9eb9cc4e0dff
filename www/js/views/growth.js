// Growth over time: users, requests or active users, over a range that is in the address. The line is drawn by uPlot,
// loaded when the card is first seen; the same numbers are in a table behind it.

import { choice, keep } from '../address.js';
import { fetchResult } from '../api.js';
import { element, setAttribute, setText } from '../dom.js';
import { number, plural, sentence, shortTime } from '../format.js';
import { serverNow } from '../state.js';
import { tableBehind } from '../table.js';
import { watch } from '../watch.js';
import { noteAge } from './ages.js';
import { createPlot } from './growth-plot.js';

const HOUR = 3_600_000;
const RANGES = { '1h': HOUR, '24h': 24 * HOUR, '7d': 168 * HOUR, '30d': 720 * HOUR, '1y': 8_760 * HOUR };

/** What can be shown: each line has a name, a colour (css/tokens.css) and where it is in a point. */
const SHOWS = {
  users: [{ name: 'Users', colour: '--series-users', read: (point) => point.users }],
  requests: [{ name: 'Requests', colour: '--series-requests', read: (point) => point.requests }],
  active: [
    { name: 'Daily', colour: '--series-daily', read: ({ active }) => active.daily },
    { name: 'Weekly', colour: '--series-weekly', read: ({ active }) => active.weekly },
    { name: 'Monthly', colour: '--series-monthly', read: ({ active }) => active.monthly },
  ],
};

export function mountGrowth(root, store, isPaused) {
  const card = root.querySelector('[data-card="growth"]');
  const view = {
    store,
    readout: card.querySelector('#growth-readout'),
    empty: card.querySelector('#growth-empty'),
    show: choice('show', Object.keys(SHOWS)),
    range: choice('range', Object.keys(RANGES)),
    answer: null,
    told: '',
  };
  view.plot = createPlot(card.querySelector('#growth-plot'), (index) => tell(view, index));
  view.table = tableBehind(card.querySelector('#growth-table'), () => tableOf(view));
  view.asking = watch(card, {
    every: () => (view.range === '1h' ? 10_000 : 60_000),
    isPaused,
    load: (signal) => load(view, signal),
    failed: (error) => setText(view.empty, view.answer ? '' : sentence(error.message)),
  });
  setUpChoice(card, 'show', view, () => draw(view));
  setUpChoice(card, 'range', view, () => view.asking.now());
}

/** Radio buttons that change the view and the address; the first choice is the default and isn't in the address. */
function setUpChoice(card, name, view, changed) {
  const group = card.querySelector(`#growth-${name}`);
  const buttons = [...group.querySelectorAll('input')];
  for (const button of buttons) button.checked = button.value === view[name];
  group.addEventListener('change', ({ target }) => {
    view[name] = target.value;
    keep(name, target === buttons[0] ? null : target.value);
    changed();
  });
}

async function load(view, signal) {
  const { range } = view;
  const to = Math.ceil(serverNow() / 10_000) * 10_000;
  const query = new URLSearchParams({
    from: new Date(to - RANGES[range]).toISOString(),
    to: new Date(to).toISOString(),
  });
  const [answer] = await Promise.all([fetchResult(`/v1/counts/history?${query}`, signal), view.plot.ready()]);
  view.answer = answer;
  noteAge(view.store, 'growth');
  draw(view);
}

function draw(view) {
  if (!view.answer) return;
  const lines = SHOWS[view.show];
  const { points, from, to } = view.answer;
  const enough = points.length > 1;
  setText(view.empty, enough ? '' : 'No history yet: a sample is kept every 10 seconds.');
  const data = [points.map(({ at }) => Date.parse(at) / 1000), ...lines.map(({ read }) => points.map(read))];
  view.plot.draw(lines, enough ? data : [[], ...lines.map(() => [])], rangeOf(view, from, to));
  tell(view, null);
  view.table();
}

/** The whole range, or in a young system from the first sample on, so that the line isn't a dot at the edge. */
function rangeOf({ answer: { points } }, from, to) {
  const first = Date.parse(points[0]?.at ?? from);
  const end = Date.parse(to);
  const begin = first - Date.parse(from) > (end - Date.parse(from)) / 4 ? first : Date.parse(from);
  return { from: begin / 1000, to: Math.max(end, begin + 60_000) / 1000 };
}

/** The numbers under the pointer, else the latest; with a dot in the line's colour where there are several. */
function tell(view, index) {
  const { points = [] } = view.answer ?? {};
  const point = points[index] ?? points.at(-1);
  if (!point) return view.readout.replaceChildren();
  const lines = SHOWS[view.show];
  const parts = lines.map(({ name, colour, read }) => (lines.length > 1
    ? { text: `${name} ${number(read(point))}`, colour }
    : { text: plural(read(point), name.toLowerCase().slice(0, -1)) }));
  parts.push({ text: points[index] ? shortTime(Date.parse(point.at)) : 'latest sample' });
  return write(view.readout, parts);
}

function write(readout, parts) {
  while (readout.childElementCount > parts.length) readout.lastElementChild.remove();
  while (readout.childElementCount < parts.length) readout.append(element('span', 'readout__part'));
  parts.forEach(({ text, colour }, at) => {
    const part = readout.children[at];
    setText(part, text);
    setAttribute(part, 'data-dot', colour ? '' : null);
    part.style.setProperty('--dot', colour ? `var(${colour})` : 'none');
  });
}

/** Every sample in the range, the newest first, thinned to what a person can read. */
function tableOf({ answer, show }) {
  const lines = SHOWS[show];
  const points = answer?.points ?? [];
  const each = Math.ceil(points.length / 60) || 1;
  const kept = points.filter((_, at) => (points.length - 1 - at) % each === 0).reverse();
  return {
    caption: `${lines.map(({ name }) => name).join(', ')} over time, the newest first`,
    head: ['Time', 'Users', 'Requests', 'Daily active', 'Weekly active', 'Monthly active'],
    rows: kept.map(({ at, users, requests, active }) => [shortTime(Date.parse(at)),
      ...[users, requests, active.daily, active.weekly, active.monthly].map(number)]),
  };
}
