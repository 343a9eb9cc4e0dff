// Adding and editing a user: checked at the field as the server would, then by the server itself.

import { announce } from '../announce.js';
import { setAttribute, setText } from '../dom.js';
import { FIELDS, check, inFormWords } from './checks.js';
import { confirm } from './confirm.js';
import { showConflict } from './conflict.js';
import { countries, codeOf, nameOf } from './countries.js';
import { asText, callOf } from './row.js';
import { createSaving } from './saving.js';

/** @param {HTMLDialogElement} dialog @param {(user, created: boolean) => void} onSaved */
export function createForm(dialog, onSaved) {
  const form = dialog.querySelector('form');
  const fieldOf = (name) => form.elements[`user-${name}`];
  const conflict = form.querySelector('[data-conflict]');
  const page = { form, dialog, fieldOf, conflict, saving: null };

  for (const { name } of countries) fieldOf('country').add(new Option(name, name));
  for (const name of FIELDS) {
    fieldOf(name).addEventListener('change', () => page.saving && isShown(page, name) && tell(page, name, faultOf(page, name)));
    fieldOf(name).addEventListener('input', () => tell(page, name, ''));
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit(page, onSaved);
  });
  form.querySelector('[data-dismiss]').addEventListener('click', () => leave(page));
  dialog.addEventListener('cancel', (event) => {
    event.preventDefault();
    leave(page);
  });
  dialog.addEventListener('close', () => { page.saving = null; });

  return {
    /** A new user, or, with what was read of one, that one. */
    open(user = null, tag = '') {
      const base = user ? read((name) => valueOf(user, name)) : read(() => '');
      fill(page, base, user);
      page.saving = createSaving({ user, tag, base });
      dialog.showModal();
      fieldOf('name').focus();
    },
  };
}

const read = (value) => Object.fromEntries(FIELDS.map((name) => [name, value(name)]));

/** As the form has it: a country of the table by its name, anything else as it is stored. */
function valueOf(user, name) {
  const text = asText(user[name]);
  return name === 'country' && codeOf(text) ? nameOf(codeOf(text)) : text;
}

/** Blanks at the ends are slips, unless they were stored. */
function valuesOf({ fieldOf, saving }) {
  return read((name) => {
    const { value } = fieldOf(name);
    return value === saving.base[name] ? value : value.trim();
  });
}

const isShown = ({ fieldOf }, name) => !fieldOf(name).closest('[hidden]');

/** What hasn't been touched isn't checked: other systems store what this one would refuse. */
function faultOf(page, name) {
  const { base, user } = page.saving;
  const value = valuesOf(page)[name];
  return user && value === base[name] ? '' : check(name, value);
}

function fill(page, base, user) {
  const { form, fieldOf, dialog, conflict } = page;
  form.reset();
  for (const name of FIELDS) put(page, name, base[name]);
  fieldOf('userName').closest('[data-row]').hidden = Boolean(user);
  setText(dialog.querySelector('#user-dialog-title'), user ? `Edit ${callOf(user)}` : 'Add user');
  setText(form.querySelector('[data-save]'), user ? 'Save' : 'Add user');
  conflict.hidden = true;
  setResult(page, '');
}

function put(page, name, value) {
  const field = page.fieldOf(name);
  if (field instanceof HTMLSelectElement && ![...field.options].some((option) => option.value === value)) {
    field.add(new Option(value, value));
  }
  field.value = value;
  tell(page, name, '');
}

function tell({ fieldOf, form }, name, sentence) {
  setAttribute(fieldOf(name), 'aria-invalid', sentence ? 'true' : null);
  setText(form.querySelector(`#user-${name}-error`), sentence);
}

function setResult({ form }, sentence) {
  setText(form.querySelector('[data-result]'), sentence);
}

function setBusy({ form }, busy) {
  setAttribute(form.querySelector('[data-save]'), 'aria-disabled', busy ? 'true' : null);
}

async function submit(page, onSaved) {
  const { saving } = page;
  if (saving.busy) return;
  const faults = FIELDS.filter((name) => isShown(page, name)).map((name) => [name, faultOf(page, name)]);
  if (showFaults(page, faults)) return;
  const mine = valuesOf(page);
  setResult(page, '');
  setBusy(page, true);
  const outcome = await saving.save(mine, (words) => setResult(page, words));
  setBusy(page, false);
  if (page.saving !== saving) return;
  if (outcome.user) {
    page.dialog.close();
    onSaved(outcome.user, !saving.user);
  } else if (outcome.clash) meet(page, outcome, mine);
  else refused(page, outcome.error);
}

/** Tells each at its field and goes to the first; whether there was any. */
function showFaults(page, faults) {
  const wrong = faults.filter(([, sentence]) => sentence);
  for (const [name, sentence] of faults) tell(page, name, sentence);
  if (wrong.length) page.fieldOf(wrong[0][0]).focus();
  return wrong.length > 0;
}

function meet(page, { clash, theirs }, mine) {
  for (const name of clash.taken) put(page, name, theirs[name]);
  page.saving.base = theirs;
  setResult(page, '');
  showConflict(page.conflict, clash, mine, theirs, (name, value) => put(page, name, value));
  page.conflict.focus();
  announce('Someone else changed this user meanwhile.');
}

function refused(page, error) {
  const known = error.errors.filter(({ field }) => FIELDS.includes(field) && isShown(page, field));
  const others = error.errors.filter(({ field }) => field && !known.some((one) => one.field === field));
  if (known.length) showFaults(page, known.map(({ field, message }) => [field, inFormWords(field, message)]));
  const words = others.length ? others.map(({ message }) => message).join('. ') : error.message;
  setResult(page, known.length && !others.length ? '' : error.hint ? `${words} ${error.hint}` : words);
  announce(known[0]?.message ?? words);
}

/** What was typed is not thrown away by a slip of the Escape key. */
async function leave(page) {
  const { saving, dialog } = page;
  const mine = valuesOf(page);
  const changed = FIELDS.some((name) => mine[name] !== saving.base[name]);
  const question = { title: 'Discard your changes?', text: 'What you typed is not saved yet.', yes: 'Discard' };
  if (!changed || await confirm(question)) dialog.close();
}
