// Each card says how old its numbers are.

import { setAttribute, setText } from '../dom.js';
import { roughly } from '../format.js';

const FRESH = 3_000;
/** What is older than this is stale, and looks it. */
const STALE = { counts: 6_000, growth: 150_000, map: 45_000 };

export function mountAges(root, store) {
  const signs = [...root.querySelectorAll('[data-age-of]')].map((sign) => ({ sign, of: sign.dataset.ageOf }));
  const show = () => {
    const ages = store.get('ages') ?? {};
    const now = performance.now();
    for (const { sign, of } of signs) {
      if (ages[of] === undefined) continue;
      const age = now - ages[of];
      setText(sign, age < FRESH ? 'now' : `${roughly(Math.floor(age / 1000))} ago`);
      setAttribute(sign, 'data-stale', age > STALE[of] ? '' : null);
    }
  };
  store.on('ages', show);
  store.on('second', show);
}

/** Notes that what is shown of a thing was made so many seconds ago. */
export function noteAge(store, name, seconds = 0) {
  store.set('ages', { ...store.get('ages'), [name]: performance.now() - seconds * 1000 });
}
