// The rankings of the page: countries, users, systems, browsers.

import { thingHue } from '../colours.js';
import { hueOf } from '../dom.js';
import { initials } from '../format.js';
import { whenSeen } from '../in-view.js';
import { createRanking } from './ranking.js';

const thing = ({ name }) => ({ key: name, name, hue: thingHue(name) });

function country({ code, country: name }) {
  const key = String(code ?? name);
  return { key, name, mark: code, hue: hueOf(key) };
}

function person({ user }) {
  const name = user.name || 'No name';
  return { key: String(user._id), name, mark: initials(name), hue: hueOf(user._id) };
}

export function mountRankings(root, store) {
  const ranking = (id, describe) => {
    const list = root.querySelector(id);
    const show = createRanking(list, { describe });
    return whenSeen(list.closest('[data-card]'), ({ items, whole }) => show(items, whole));
  };
  const countries = ranking('#top-countries', country);
  const people = ranking('#top-users', person);
  const systems = ranking('#top-systems', thing);
  const browsers = ranking('#top-browsers', thing);
  store.on('counts', ({ topCountries = [], topUsers = [], devices, users, requests }) => {
    countries({ items: topCountries, whole: users });
    people({ items: topUsers.filter(({ user }) => user) });
    systems({ items: devices?.os ?? [], whole: requests });
    browsers({ items: devices?.browser ?? [], whole: requests });
  });
}
