// The world map: a country is the darker, the more users it has. Map and shapes are loaded when the card is first
// seen; every country, also those too small for a shape, is in the table behind it.

import { fetchResult } from '../api.js';
import { setAttribute, setText } from '../dom.js';
import { compact, number, percent, plural, sentence } from '../format.js';
import { tableBehind } from '../table.js';
import { watch } from '../watch.js';
import { noteAge } from './ages.js';

const EVERY = 10_000;
const LEVELS = 7;
const SMALL_NAMED = 5;

export function mountMap(root, store, isPaused) {
  const card = root.querySelector('[data-card="map"]');
  const view = {
    store,
    box: card.querySelector('#map'),
    empty: card.querySelector('#map-empty'),
    readout: card.querySelector('#map-readout'),
    scale: card.querySelector('#map-scale'),
    small: card.querySelector('#map-small'),
    shapes: null,
    countries: [],
    pointed: null,
  };
  view.table = tableBehind(card.querySelector('#map-table'), () => tableOf(view));
  watch(card, {
    every: () => EVERY,
    isPaused,
    load: (signal) => load(view, signal),
    failed: (error) => setText(view.empty, view.shapes ? '' : sentence(error.message)),
  });
  view.box.addEventListener('pointermove', ({ target }) => point(view, target.dataset?.code));
  view.box.addEventListener('pointerleave', () => point(view, null));
}

async function load(view, signal) {
  const { drawWorld } = await import('./map-shapes.js');
  const [countries, shapes] = await Promise.all([
    fetchResult('/v1/user/agg/country?limit=300', signal),
    view.shapes ?? drawWorld(view.box),
  ]);
  Object.assign(view, { countries, shapes });
  setText(view.empty, '');
  noteAge(view.store, 'map');
  show(view);
}

function show(view) {
  const { countries, shapes } = view;
  const most = countries[0]?.sum ?? 0;
  const sums = new Map(countries.map(({ code, sum }) => [code, sum]));
  for (const [code, paths] of shapes) {
    const level = levelOf(sums.get(code) ?? 0, most);
    for (const path of paths) setAttribute(path, 'data-level', level);
  }
  setText(view.scale, most ? `1 – ${compact(most)} users` : '');
  setText(view.small, smallText(countries.filter(({ code, sum }) => sum > 0 && !shapes.has(code))));
  point(view, view.pointed);
  view.table();
}

/** 0 for nobody, then up to LEVELS by order of magnitude, since a few countries have most of the people. */
function levelOf(sum, most) {
  if (sum <= 0) return 0;
  return Math.min(LEVELS, 1 + Math.floor((Math.log(sum) / Math.log(Math.max(most, 2))) * (LEVELS - 0.01)));
}

/** Which countries the map is too coarse for. */
function smallText(countries) {
  if (!countries.length) return '';
  const named = countries.slice(0, SMALL_NAMED).map(({ country, sum }) => `${country} ${number(sum)}`).join(', ');
  const more = countries.length - SMALL_NAMED;
  return `Too small for this map: ${named}${more > 0 ? ` and ${more} more` : ''}.`;
}

function point(view, code) {
  view.pointed = code ?? null;
  const found = code && view.countries.find((country) => country.code === code);
  const name = found ? found.country : view.shapes?.get(code)?.[0].dataset.name;
  const all = view.countries.reduce((sum, country) => sum + country.sum, 0);
  const words = found ? `${name}: ${plural(found.sum, 'user')}, ${percent(found.sum / all)}` : `${name}: nobody yet`;
  setText(view.readout, name ? words : 'Users by country');
}

function tableOf({ countries }) {
  const all = countries.reduce((sum, country) => sum + country.sum, 0);
  return {
    caption: 'All countries by users, the greatest first',
    head: ['Country', 'Code', 'Users', 'Share'],
    rows: countries.map(({ country, code, sum }) => [country, code, number(sum), percent(sum / all)]),
  };
}
