// A question before something that can hurt.

import { setText } from '../dom.js';

/**
 * @param {{title: string, text: string, yes: string}} question
 * @returns {Promise<boolean>} whether the answer was yes
 */
export function confirm({ title, text, yes }) {
  const dialog = document.getElementById('confirm-dialog');
  setText(dialog.querySelector('[data-confirm-title]'), title);
  setText(dialog.querySelector('[data-confirm-text]'), text);
  setText(dialog.querySelector('[data-confirm-yes]'), yes);
  dialog.returnValue = '';
  return new Promise((resolve) => {
    dialog.onclose = () => resolve(dialog.returnValue === 'yes');
    dialog.showModal();
    dialog.querySelector('[data-confirm-yes]').focus();
  });
}
