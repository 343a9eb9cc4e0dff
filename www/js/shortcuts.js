// Keyboard shortcuts: one table for the whole page, and a dialog under `?` that lists what is in it.

/** key → {label, run}, in the order in which they were bound. */
const table = new Map();
let dialog = null;

/**
 * Adds shortcuts to the page's table. A key that is bound again gets the new meaning; `?` opens the list by itself.
 * @param {Array<{key: string, label: string, run: () => void}>} shortcuts key as in KeyboardEvent.key
 */
export function bindShortcuts(shortcuts) {
  if (!table.size) {
    document.addEventListener('keydown', onKey);
    document.addEventListener('click', (event) => event.target.closest('[data-shortcuts]') && showShortcuts());
  }
  for (const { key, label, run } of shortcuts) table.set(key, { label, run });
  table.delete('?');
  table.set('?', { label: 'This list', run: showShortcuts });
}

/** Opens the list; also what a button with data-shortcuts does. */
export function showShortcuts() {
  dialog ??= makeDialog();
  dialog.querySelector('.keys').replaceChildren(...[...table].flatMap(makeRow));
  if (!dialog.open) dialog.showModal();
}

function onKey(event) {
  if (event.defaultPrevented || event.repeat || event.isComposing) return;
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const shortcut = table.get(event.key);
  if (!shortcut) return;
  event.preventDefault();
  shortcut.run();
}

/** Where a letter is a letter, or something else than the page has the reader's attention. */
function isTyping(target) {
  if (document.querySelector('dialog[open]')) return true;
  return target instanceof Element && target.closest('input, select, textarea, [contenteditable]') !== null;
}

function makeDialog() {
  const made = element('dialog', 'dialog');
  const title = element('h2', 'card__title', 'Keyboard shortcuts');
  const buttons = element('div', 'dialog__buttons');
  const close = element('button', 'button button--primary', 'Close');
  title.id = 'shortcuts-title';
  close.type = 'button';
  close.addEventListener('click', () => made.close());
  buttons.append(close);
  made.setAttribute('aria-labelledby', title.id);
  made.append(title, element('dl', 'keys'), buttons);
  document.body.append(made);
  return made;
}

function makeRow([key, { label }]) {
  const term = element('dt', 'keys__key');
  term.append(element('kbd', 'key', key));
  return [term, element('dd', 'keys__label', label)];
}

function element(tag, className, text = '') {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}
