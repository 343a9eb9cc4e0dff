// The form that generates users and activity: each field is checked, a big number typed twice.

import { announce } from '../announce.js';
import { newKey, startJob } from '../api.js';
import { setText } from '../dom.js';
import { number, parseWhole, plural } from '../format.js';
import { rememberJob } from './jobs.js';

const ASK_TWICE_ABOVE = 1_000_000;
const THING = { users: 'user', activities: 'request' };

/** What is wrong with a number as typed, in words; empty when nothing is. */
export function complaint(text, max, thing = 'user') {
  if (!text.trim()) return `Type how many ${thing}s to generate.`;
  const n = parseWhole(text);
  if (Number.isNaN(n)) return 'Type a whole number, with digits only.';
  if (n < 1) return `At least 1 ${thing}.`;
  if (n > max) return `At most ${number(max)} ${thing}s at once.`;
  return '';
}

/** The same for a field that goes along; `least` and an empty one may be fine. */
function optionComplaint(field, least) {
  if (!field.value.trim() && least === 0) return '';
  const n = parseWhole(field.value);
  const max = Number(field.dataset.max);
  return n >= least && n <= max ? '' : `A whole number from ${number(least)} to ${number(max)}.`;
}

/** @param {() => void} pollNow asks for a new snapshot at once */
export function mountGenerate(root, store, pollNow) {
  const form = root.querySelector('#generate-form');
  const { n, again, when, days, rate, seed } = form.elements;
  const parts = {
    form, n, again, when, days, rate, seed,
    confirm: form.querySelector('#generate-confirm'),
    hint: form.querySelector('#generate-n-hint'),
    result: form.querySelector('#generate-result'),
    button: form.querySelector('[type="submit"]'),
    max: Number(n.dataset.max),
    attempt: null,
  };
  form.addEventListener('input', (event) => onInput(parts, event.target));
  form.addEventListener('click', (event) => fillPreset(parts, event.target.closest('[data-preset]')));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit(parts, store, pollNow);
  });
  showFields(parts);
}

const kindOf = ({ form }) => form.elements['generate-kind'].value;

function onInput(parts, field) {
  if (field.matches('.input:not(select)')) showError(field, '');
  else showFields(parts);
  if (field === parts.n) showConfirm(parts);
  showResult(parts, '', '');
}

/** The fields which the chosen kind has; those of another are not sent. */
function showFields(parts) {
  const activities = kindOf(parts) === 'activities';
  const chosen = (name) => activities && parts.when.value === name;
  const wanted = { activities, days: chosen('days'), rate: chosen('rate') };
  for (const field of parts.form.querySelectorAll('[data-for]')) field.hidden = !wanted[field.dataset.for];
  const what = activities ? 'requests by users who are there, picked at random' : 'made-up people';
  setText(parts.hint, `1 to ${number(parts.max)} ${what}`);
  showError(parts.n, '');
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
  const wrong = complaint(parts.n.value, parts.max, THING[kindOf(parts)]);
  if (wrong) return [parts.n, wrong];
  const n = parseWhole(parts.n.value);
  if (n > ASK_TWICE_ABOVE && parseWhole(parts.again.value) !== n) {
    return [parts.again, parts.again.value ? 'That is another number.' : `Type ${number(n)} once more.`];
  }
  const options = [[parts.days, 1], [parts.rate, 1], [parts.seed, 0]];
  const found = options.find(([field, least]) => isShown(field) && optionComplaint(field, least));
  return found ? [found[0], optionComplaint(...found)] : null;
}

const isShown = (field) => !field.closest('.form__field').hidden;

/** What goes along with the number. */
function optionsOf(parts) {
  const filled = [parts.days, parts.rate, parts.seed].filter((field) => isShown(field) && field.value.trim());
  return Object.fromEntries(filled.map((field) => [field.name, parseWhole(field.value)]));
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
  const wish = { kind: kindOf(parts), n: parseWhole(parts.n.value), options: optionsOf(parts) };
  parts.button.setAttribute('aria-disabled', 'true');
  try {
    const job = await startJob(wish.kind, wish.n, wish.options, keyFor(parts, wish));
    accepted(parts, wish);
    if (job?.id) rememberJob(store, job);
    pollNow();
  } catch (error) {
    refused(parts, error);
  }
  parts.button.removeAttribute('aria-disabled');
}

/** A try that got no answer is sent again under the same key, so that it can't begin a second job. */
function keyFor(parts, wish) {
  const same = JSON.stringify(wish);
  if (parts.attempt?.same !== same) parts.attempt = { same, key: newKey() };
  return parts.attempt.key;
}

/** The kind stays as chosen: who makes requests may want more of them. */
function accepted(parts, { kind, n }) {
  parts.attempt = null;
  for (const field of [parts.n, parts.again, parts.seed]) field.value = '';
  showConfirm(parts);
  showResult(parts, 'good', `Started: ${plural(n, THING[kind])} on the way.`);
}

function refused(parts, error) {
  const unanswered = error.status === 0 || error.status >= 500;
  if (!unanswered) parts.attempt = null;
  const told = error.errors?.find(({ field }) => ['n', ':n', 'seed', 'days', 'rate'].includes(field));
  const field = told && parts[told.field.replace(':', '')];
  if (field && (field === parts.n || isShown(field))) fault(field, told.message);
  else showResult(parts, 'bad', error.message);
}
