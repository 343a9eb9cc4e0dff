// The switch between light and dark. A choice equal to the system's is none: the page follows the system again. One in
// the address (?theme=dark) holds until the switch is used.

import { keep } from '../address.js';

const KEY = 'headcount.theme';
const system = matchMedia('(prefers-color-scheme: dark)');
const root = document.documentElement;

const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : system.matches);

export function mountTheme(button) {
  const show = () => button.setAttribute('aria-pressed', String(isDark()));
  button.addEventListener('click', () => {
    choose(!isDark());
    show();
  });
  system.addEventListener('change', () => {
    show();
    document.dispatchEvent(new Event('headcount:theme'));
  });
  addEventListener('storage', ({ key, newValue }) => {
    if (key !== KEY || new URLSearchParams(location.search).has('theme')) return;
    apply(newValue);
    show();
  });
  show();
}

function choose(dark) {
  const theme = dark === system.matches ? null : dark ? 'dark' : 'light';
  apply(theme);
  if (new URLSearchParams(location.search).has('theme')) keep('theme', null);
  try {
    if (theme) localStorage.setItem(KEY, theme);
    else localStorage.removeItem(KEY);
  } catch {
    // Storage is forbidden here: the choice lasts as long as the page.
  }
}

/** Whoever paints by script hears of it by an event. */
function apply(theme) {
  if (theme === 'dark' || theme === 'light') root.dataset.theme = theme;
  else delete root.dataset.theme;
  document.dispatchEvent(new Event('headcount:theme'));
}
