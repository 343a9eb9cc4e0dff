// Draws lines over time with uPlot, in the colours of the theme, as wide as its box.

import { tokenColour } from '../colours.js';
import { axisTime, compact, number } from '../format.js';
import { loadScript } from '../watch.js';

const FOLDER = '/vendor/uplot-1.6.32';

/**
 * @param {HTMLElement} box
 * @param {(index: number | null) => void} onPoint the point under the pointer
 */
export function createPlot(box, onPoint) {
  const state = { box, onPoint, plot: null, names: '', range: null, args: null };
  let loading = null;
  new ResizeObserver(() => state.plot?.setSize(sizeOf(box))).observe(box);
  document.addEventListener('headcount:theme', () => {
    if (state.args) redraw(state, ...state.args);
  });
  return {
    ready: () => (loading ??= load().catch((error) => { loading = null; throw error; })),
    draw(lines, data, range) {
      state.args = [lines, data, range];
      state.range = range;
      const names = lines.map(({ name }) => name).join();
      if (state.plot && state.names === names) state.plot.setData(data);
      else redraw(state, lines, data);
      state.names = names;
    },
  };
}

function load() {
  if (!document.querySelector(`link[href^="${FOLDER}"]`)) {
    const sheet = document.createElement('link');
    sheet.rel = 'stylesheet';
    sheet.href = `${FOLDER}/uPlot.min.css`;
    document.head.append(sheet);
  }
  return loadScript(`${FOLDER}/uPlot.iife.min.js`);
}

const LABEL_ROOM = 2; // rem: half of the last label of an axis stands beyond it
const sizeOf = (box) => ({ width: Math.max(200, box.clientWidth), height: Math.max(140, box.clientHeight) });

/** A new theme or other lines: uPlot keeps colours and lines for life, so there is a new one. */
function redraw(state, lines, data) {
  state.plot?.destroy();
  state.plot = new uPlot(optionsOf(state, lines), data, state.box);
  state.plot.root.setAttribute('aria-hidden', 'true');
}

function optionsOf(state, lines) {
  return {
    ...sizeOf(state.box),
    legend: { show: false },
    padding: [8, LABEL_ROOM * parseFloat(getComputedStyle(document.documentElement).fontSize), 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: { range: () => [state.range.from, state.range.to] },
      y: { range: (_, low, high) => scaleOf(low, high) },
    },
    series: [{}, ...lines.map(({ name, colour }) => lineOf(name, tokenColour(colour), lines.length === 1))],
    axes: axesOf(),
    hooks: { setCursor: [({ cursor }) => state.onPoint(cursor.idx ?? null)] },
  };
}

function lineOf(label, stroke, filled) {
  const fill = filled ? stroke.replace(/^rgb\((.*)\)$/, 'rgba($1, 0.1)') : undefined;
  return { label, stroke, fill, width: 2, points: { show: false } };
}

/** From zero where much was gained, so that the area is honest; else closer, with a little air around. */
function scaleOf(low, high) {
  if (low === null || low === undefined) return [0, 1];
  if (low < high / 2) return [0, high * 1.08];
  const air = Math.max((high - low) * 0.12, high * 0.0005, 1);
  return [Math.max(0, low - air), high + air];
}

function axesOf() {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const font = `${0.75 * rem}px ${getComputedStyle(document.body).fontFamily}`;
  const stroke = tokenColour('--text-soft');
  const grid = { stroke: tokenColour('--line'), width: 1 };
  return [
    { font, stroke, grid: { show: false }, ticks: { show: false }, size: 2 * rem, gap: 9, space: 6 * rem,
      values: (_, splits, axis, space, step) => splits.map((second) => axisTime(second * 1000, step)) },
    { font, stroke, grid, ticks: { show: false }, size: (_, words) => widthOf(words) * rem, gap: 6, space: 2.75 * rem,
      values: (_, splits, axis, space, step) => splits.map((value) => countText(value, step, splits.at(-1))) },
  ];
}

/** Short, unless the marks are so close together that short ones would be the same. */
function countText(value, step, highest) {
  if (!Number.isInteger(value)) return '';
  return step < highest / 1000 ? number(value) : compact(value);
}

/** Room for the longest mark, in rem. */
const widthOf = (words) => Math.max(4, ...(words ?? []).map((word) => word?.length ?? 0)) * 0.47 + 0.75;
