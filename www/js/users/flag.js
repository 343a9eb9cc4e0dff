// Flags. Where the system has none to draw (Windows, many a Linux), the two letters stand in their place.

import { setText } from '../dom.js';
import { codeOf, flagOf } from './countries.js';

const drawn = canDraw();

/** A flag that is drawn has colours; letters in its place have the one that is asked for. */
function canDraw() {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: 24, height: 24 });
  const brush = canvas.getContext('2d', { willReadFrequently: true });
  if (!brush) return false;
  brush.font = '18px sans-serif';
  brush.fillStyle = '#000';
  brush.fillText(flagOf('FR'), 0, 19);
  const { data } = brush.getImageData(0, 0, 24, 24);
  return data.some((value, index) => index % 4 < 3 && value > 40 && data[index - index % 4 + 3] > 200);
}

/** Puts the flag of a country's name or code into an element that readers of the screen pass over. */
export function showFlag(element, country) {
  const code = codeOf(country);
  element.classList.toggle('flag--letters', !drawn && code !== '');
  setText(element, code && drawn ? flagOf(code) : code);
}
