// Arranging the cards: while it is on, each card has a handle to drag it by, and which moves it with the arrow keys.

import { announce } from '../announce.js';
import { element } from '../dom.js';
import { loadScript } from '../watch.js';
import { cardsOf, keepOrder, resetOrder } from './order.js';

const LIBRARY = '/vendor/sortablejs-1.15.7/Sortable.min.js';
const STEPS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, Home: -Infinity, End: Infinity };

export function mountArrange(main, button) {
  const state = { main, button, bar: null, sortable: null, on: false };
  button.addEventListener('click', () => (state.on ? end(state) : begin(state)));
  main.addEventListener('keydown', (event) => state.on && onKey(state, event));
}

function begin(state) {
  state.on = true;
  state.button.setAttribute('aria-pressed', 'true');
  state.main.dataset.arranging = '';
  for (const card of cardsOf(state.main)) card.prepend(handleOf(card));
  state.bar ??= makeBar(state);
  state.main.querySelector('.pagebar').append(state.bar);
  state.bar.querySelector('button').focus();
  announce('Arranging. Each card has a handle: move it with the arrow keys, or drag it.');
  drag(state);
}

/** Without the library the keys still work. */
async function drag(state) {
  await loadScript(LIBRARY).catch(() => announce('Dragging is not available; the arrow keys are.'));
  if (!state.on || !globalThis.Sortable) return;
  state.sortable = globalThis.Sortable.create(state.main, {
    draggable: '[data-card]', handle: '.handle', animation: 180, onEnd: () => keepOrder(state.main),
  });
}

function end(state) {
  state.on = false;
  state.sortable?.destroy();
  state.sortable = null;
  delete state.main.dataset.arranging;
  for (const handle of state.main.querySelectorAll('.handle')) handle.remove();
  state.bar.remove();
  state.button.setAttribute('aria-pressed', 'false');
  state.button.focus();
  announce('The order is kept.');
}

const titleOf = (card) => card.querySelector('h2').textContent;

function handleOf(card) {
  const handle = element('button', 'handle', titleOf(card));
  handle.type = 'button';
  handle.setAttribute('aria-label', `Move ${titleOf(card)}`);
  handle.setAttribute('aria-description', 'Arrow keys move this card');
  return handle;
}

function makeBar(state) {
  const bar = element('p', 'arrangebar');
  const done = element('button', 'button button--small button--primary', 'Done');
  const reset = element('button', 'button button--small', 'As it was');
  done.type = 'button';
  reset.type = 'button';
  done.addEventListener('click', () => end(state));
  reset.addEventListener('click', () => {
    resetOrder(state.main);
    announce('The cards are in their first order again.');
  });
  bar.append(element('span', '', 'Drag the cards, or move them with the arrow keys.'), reset, done);
  return bar;
}

function onKey(state, event) {
  const step = STEPS[event.key];
  if (event.key === 'Escape') return end(state);
  if (step === undefined || !event.target.matches('.handle')) return undefined;
  event.preventDefault();
  move(state, event.target.closest('[data-card]'), step, event.target);
  return undefined;
}

function move({ main }, card, step, handle) {
  const cards = cardsOf(main);
  const from = cards.indexOf(card);
  const to = Math.min(cards.length - 1, Math.max(0, from + step));
  if (to === from) return;
  if (to < from) cards[to].before(card);
  else cards[to].after(card);
  handle.focus();
  card.scrollIntoView({ block: 'nearest' });
  keepOrder(main);
  announce(`${titleOf(card)}: place ${to + 1} of ${cards.length}.`);
}
