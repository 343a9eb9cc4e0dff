// The countries with most users, as bars. A bar's colour goes with the country, not with its place.

import { hueOf, setText, showList, stamp } from '../dom.js';
import { number, percent } from '../format.js';
import { runTo } from '../tween.js';

export function mountCountries(root, store) {
  const list = root.querySelector('#top-countries');
  store.on('counts', ({ topCountries = [], users }) => {
    const most = topCountries[0]?.sum ?? 0;
    showList(list, topCountries, {
      attribute: 'data-country',
      key: ({ code, country }) => String(code ?? country),
      make: () => stamp('rank-template'),
      update: (row, country) => update(row, country, users, most),
    });
  });
}

function update(row, { code, country, sum }, users, most) {
  setText(row.querySelector('.rank__code'), code);
  setText(row.querySelector('.rank__name'), country);
  row.querySelector('.rank__name').title = country;
  setText(row.querySelector('[data-share]'), users ? percent(sum / users) : '');
  runTo(row.querySelector('[data-number]'), sum, (element, value) => setText(element, number(value)));
  fillBar(row.querySelector('.bar__fill'), most ? sum / most : 0, code ?? country);
}

function fillBar(fill, part, key) {
  fill.style.setProperty('--hue', hueOf(key));
  fill.style.transform = `translateX(${(part - 1) * 100}%)`;
}
