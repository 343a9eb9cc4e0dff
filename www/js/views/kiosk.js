// Kiosk: nothing but the numbers, large, for a screen on a wall. It is in the address, so that it can be bookmarked:
// ?kiosk&theme=dark&refresh=2

import { announce } from '../announce.js';
import { keep } from '../address.js';

const root = document.documentElement;

/** @returns {() => void} enters or leaves */
export function mountKiosk(enter, leave) {
  const toggle = () => show(root.dataset.kiosk === undefined, enter, leave);
  enter.addEventListener('click', toggle);
  leave.addEventListener('click', toggle);
  return toggle;
}

function show(on, enter, leave) {
  if (on) root.dataset.kiosk = '';
  else delete root.dataset.kiosk;
  keep('kiosk', on ? '' : null);
  scrollTo({ top: 0 });
  (on ? leave : enter).focus({ preventScroll: true });
  announce(on ? 'Kiosk. Press k to leave it.' : 'Kiosk left.');
}
