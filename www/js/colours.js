// A colour belongs to a thing for life, whatever its rank. What everybody knows has a hue chosen by hand, so that no
// two of them look alike; all else gets one from its name (hueOf).

import { hueOf } from './dom.js';

const KNOWN = new Map(Object.entries({
  Windows: 245, Android: 150, iOS: 300, 'Mac OS X': 200, macOS: 200, Linux: 55, Ubuntu: 35, 'Chrome OS': 100,
  Other: 270,
  Chrome: 150, 'Chrome Mobile': 175, 'Mobile Safari': 220, Safari: 245, Firefox: 45, 'Firefox Mobile': 65, Edge: 200,
  'Samsung Internet': 285, Opera: 15, 'Opera Mobile': 350, 'Chrome Mobile iOS': 125,
}));

export const thingHue = (name) => KNOWN.get(name) ?? hueOf(name);

/** The colour that a custom property of css/tokens.css has right now, as a canvas understands it. */
export function tokenColour(name) {
  const probe = document.createElement('span');
  probe.hidden = true;
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
