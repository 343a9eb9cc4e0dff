// The fields that narrow the list, and a chip for each that does.

import { setAttribute, setText } from '../dom.js';
import { number } from '../format.js';
import { countries, nameOf } from './countries.js';
import { countCountries } from './client.js';

const DEBOUNCE = 200;
const WORDS_MAX = 200;
const LABELS = { search: 'Search', name: 'Name', email: 'E-mail', country: 'Country' };

/** @param {HTMLFormElement} form */
export function mountFilters(form, chips, navigation) {
  const more = form.querySelector('[data-more]');
  const box = form.querySelector('#more-filters');
  fillCountries(form.country);
  for (const field of [form.search, form.name_, form.email]) onTyping(field, navigation);
  form.country.addEventListener('change', () => navigation.filter({ country: form.country.value }));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    commit(navigation);
  });
  more.addEventListener('click', () => expand(more, box, box.hidden));
  chips.addEventListener('click', (event) => {
    const button = event.target.closest('[data-clear]');
    if (!button) return;
    clearFilters(navigation, button.dataset.clear);
    form.search.focus();
  });
  return (view) => {
    showFields(form, view);
    showChips(chips, view);
    if (view.name || view.email) expand(more, box, true);
  };
}

export const clearFilters = (navigation, name = '') => navigation.filter(
  name ? { [name]: '' } : { search: '', name: '', email: '', country: '' },
);

function expand(more, box, open) {
  box.hidden = !open;
  more.setAttribute('aria-expanded', String(open));
}

/** A question is asked when the typing pauses. All of it is one step in the history, until the field is left. */
function onTyping(field, navigation) {
  field.maxLength = field.name === 'email' ? 254 : WORDS_MAX;
  field.addEventListener('input', () => {
    clearTimeout(field.waiting);
    field.waiting = setTimeout(ask, DEBOUNCE);
  });
  field.addEventListener('change', () => commit(navigation));
  field.ask = ask;

  function ask() {
    clearTimeout(field.waiting);
    field.waiting = 0;
    const name = field.name.replace('_', '');
    if (field.value.trim() === navigation.view[name].trim()) return;
    navigation.filter({ [name]: field.value }, 'type');
  }
}

function commit(navigation) {
  for (const field of document.querySelectorAll('#filters .input')) if (field.waiting) field.ask();
  navigation.endTyping();
}

function showFields(form, view) {
  for (const [field, value] of [[form.search, view.search], [form.name_, view.name], [form.email, view.email]]) {
    if (field.waiting || field.value.trim() === value.trim()) continue;
    field.value = value;
  }
  form.country.value = view.country;
}

/** Chips are taken out and put in by name, so that one that has the focus keeps it. */
function showChips(chips, view) {
  const active = Object.keys(LABELS).filter((name) => view[name].trim());
  for (const button of chips.querySelectorAll('[data-clear]')) {
    const name = button.dataset.clear;
    button.hidden = name ? !active.includes(name) : active.length < 2;
    if (!name || button.hidden) continue;
    const value = name === 'country' ? nameOf(view.country) : view[name].trim();
    setText(button.querySelector('[data-chip]'), value);
    setAttribute(button, 'aria-label', `Remove filter ${LABELS[name]}: ${value}`);
  }
  chips.hidden = active.length === 0;
}

/** All countries; how many users each has is told once that is known. */
function fillCountries(select) {
  for (const { code, name } of countries) select.add(new Option(name, code));
  const count = () => countCountries().then((sums) => {
    for (const option of select.options) {
      const sum = sums.get(option.value);
      if (option.value) setText(option, sum ? `${nameOf(option.value)} (${number(sum)})` : nameOf(option.value));
    }
  }, () => {});
  count();
  select.addEventListener('focus', count);
}
