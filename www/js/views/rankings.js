// The rankings of the page: countries, users, systems, browsers.

import { thingHue } from '../colours.js';
import { hueOf } from '../dom.js';
import { initials } from '../format.js';
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
  const ranking = (id, describe) => createRanking(root.querySelector(id), { describe });
  const countries = ranking('#top-countries', country);
  const people = ranking('#top-users', person);
  const systems = ranking('#top-systems', thing);
  const browsers = ranking('#top-browsers', thing);
  store.on('counts', ({ topCountries = [], topUsers = [], devices, users, requests }) => {
    countries(topCountries, users);
    people(topUsers.filter(({ user }) => user));
    systems(devices?.os ?? [], requests);
    browsers(devices?.browser ?? [], requests);
  });
}
