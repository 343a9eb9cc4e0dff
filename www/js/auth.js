// The access token: asked for when the server wants one, kept until the tab is closed.

const KEY = 'headcount.token';
let token = stored();
let asking = null;

function stored() {
  try {
    return sessionStorage.getItem(KEY) ?? '';
  } catch {
    return '';
  }
}

function keep(value) {
  token = value;
  try {
    if (value) sessionStorage.setItem(KEY, value);
    else sessionStorage.removeItem(KEY);
  } catch {
    // Storage is forbidden here: the token lives as long as the page.
  }
}

/** The header that goes with every request, once there is a token. */
export const authHeaders = () => (token ? { Authorization: `Bearer ${token}` } : {});

/** Forgets a token that was refused, unless another one was given meanwhile. */
export function refuseToken(headers) {
  const refused = Boolean(headers.Authorization);
  if (refused && headers.Authorization === authHeaders().Authorization) keep('');
  return refused;
}

/**
 * Asks for the token in the dialog; several who ask at once share the answer.
 * @param {boolean} refused whether one was just refused
 * @returns {Promise<boolean>} whether there is a token now
 */
export function askToken(refused = false) {
  asking ??= openDialog(refused).finally(() => { asking = null; });
  return asking;
}

function openDialog(refused) {
  const dialog = document.getElementById('token-dialog');
  const form = dialog.querySelector('form');
  const error = dialog.querySelector('#token-error');
  const fail = (sentence) => {
    error.textContent = sentence;
    form.token.toggleAttribute('aria-invalid', false);
    if (sentence) form.token.setAttribute('aria-invalid', 'true');
  };
  form.reset();
  fail(refused ? 'The server does not accept that token.' : '');
  return new Promise((resolve) => {
    form.onsubmit = (event) => {
      const value = form.token.value.trim();
      if (value) return keep(value);
      event.preventDefault();
      return fail('Type the token that the server was started with.');
    };
    form.querySelector('[data-dismiss]').onclick = () => dialog.close();
    dialog.onclose = () => resolve(Boolean(token));
    dialog.showModal();
    form.token.focus();
  });
}
