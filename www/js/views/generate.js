// The form that generates users: the number is checked, a big one typed twice.

import { announce } from '../announce.js';
import { generateUsers, newKey } from '../api.js';
import { setText } from '../dom.js';
import { number, parseWhole, plural } from '../format.js';
import { rememberJob } from './jobs.js';

const ASK_TWICE_ABOVE = 1_000_000;

/** What is wrong with a number as typed, in words; empty when nothing is. */
export function complaint(text, max) {
  if (!text.trim()) return 'Type how many users to generate.';
  const n = parseWhole(text);
  if (Number.isNaN(n)) return 'Type a whole number, with digits only.';
  if (n < 1) return 'At least 1 user.';
  if (n > max) return `At most ${number(max)} users at once.`;
  return '';
}

/** @param {() => void} pollNow asks for a new snapshot at once */
export function mountGenerate(root, store, pollNow) {
  const form = root.querySelector('#generate-form');
  const parts = {
    form,
    n: form.elements.n,
    again: form.elements.again,
    confirm: form.querySelector('#generate-confirm'),
    result: form.querySelector('#generate-result'),
    button: form.querySelector('[type="submit"]'),
    max: Number(form.elements.n.dataset.max),
    attempt: null,
  };
  form.addEventListener('input', (event) => onInput(parts, event.target));
  form.addEventListener('click', (event) => fillPreset(parts, event.target.closest('[data-preset]')));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit(parts, store, pollNow);
  });
}

function onInput(parts, field) {
  showError(field, '');
  if (field === parts.n) showConfirm(parts);
  showResult(parts, '', '');
}

/** The second field is there as long as the number is a big one. */
function showConfirm(parts) {
  const big = parseWhole(parts.n.value) > ASK_TWICE_ABOVE && !complaint(parts.n.value, parts.max);
  parts.confirm.hidden = !big;
  parts.again.value = '';
  showError(parts.again, '');
}

function fillPreset(parts, button) {
  if (!button) return;
  parts.n.value = number(Number(button.dataset.preset));
  onInput(parts, parts.n);
  (parts.confirm.hidden ? parts.button : parts.again).focus();
}

function showError(field, sentence) {
  setText(document.getElementById(`${field.id}-error`), sentence);
  if (sentence) field.setAttribute('aria-invalid', 'true');
  else field.removeAttribute('aria-invalid');
}

function showResult(parts, kind, sentence) {
  parts.result.dataset.kind = kind;
  setText(parts.result, sentence);
  if (sentence) announce(sentence);
}

/** The first thing that keeps the form from being sent: which field, and why. */
function firstFault(parts) {
  const wrong = complaint(parts.n.value, parts.max);
  if (wrong) return [parts.n, wrong];
  const n = parseWhole(parts.n.value);
  if (n > ASK_TWICE_ABOVE && parseWhole(parts.again.value) !== n) {
    return [parts.again, parts.again.value ? 'That is another number.' : `Type ${number(n)} once more.`];
  }
  return null;
}

function fault(field, sentence) {
  showError(field, sentence);
  field.focus();
  announce(sentence);
}

async function submit(parts, store, pollNow) {
  if (parts.button.getAttribute('aria-disabled') === 'true') return;
  const found = firstFault(parts);
  if (found) return fault(...found);
  const n = parseWhole(parts.n.value);
  parts.button.setAttribute('aria-disabled', 'true');
  try {
    const job = await generateUsers(n, keyFor(parts, n));
    accepted(parts, n);
    if (job?.id) rememberJob(store, job);
    pollNow();
  } catch (error) {
    refused(parts, error);
  }
  parts.button.removeAttribute('aria-disabled');
}

/** A try that got no answer is sent again under the same key, so that it can't begin a second job. */
function keyFor(parts, n) {
  if (parts.attempt?.n !== n) parts.attempt = { n, key: newKey() };
  return parts.attempt.key;
}

function accepted(parts, n) {
  parts.attempt = null;
  parts.form.reset();
  showConfirm(parts);
  showResult(parts, 'good', `Started: ${plural(n, 'user')} on the way.`);
}

function refused(parts, error) {
  const unanswered = error.status === 0 || error.status >= 500;
  if (!unanswered) parts.attempt = null;
  const field = error.errors?.find(({ field: name }) => name === 'n' || name === ':n');
  if (field) fault(parts.n, field.message);
  else showResult(parts, 'bad', error.message);
}
