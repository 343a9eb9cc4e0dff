// One add or edit until it is known how it went: safe to send again, and never over somebody else's change.

import { newKey } from '../api.js';
import { backOff } from '../poll.js';
import { createUser, isUnknown, readUser, updateUser } from './client.js';
import { FIELDS } from './checks.js';
import { compare } from './conflict.js';
import { codeOf, nameOf } from './countries.js';
import { asText } from './row.js';

const TRIES = 3;

/**
 * @param {{user: object|null, tag: string, base: object}} begin user: null for a new one; base: the fields of the form
 *   as it began
 */
export function createSaving({ user, tag, base }) {
  const saving = { user, tag, base, busy: false, key: '', sent: '' };
  saving.save = async (mine, say) => {
    saving.busy = true;
    const outcome = await (user ? update(saving, mine, say) : create(saving, mine, say)).catch((error) => ({ error }));
    saving.busy = false;
    return outcome;
  };
  return saving;
}

/** The same fields go with the same key, so that however often they are sent there is one user. */
async function create(saving, mine, say) {
  const fields = Object.fromEntries(Object.entries(mine).filter(([, value]) => value !== ''));
  const text = JSON.stringify(fields);
  if (text !== saving.sent) Object.assign(saving, { sent: text, key: newKey() });
  const created = await again(() => createUser(fields, saving.key), say);
  return { user: created };
}

async function update(saving, mine, say) {
  const changes = changesOf(saving.base, mine);
  if (Object.keys(changes).length === 0) return { user: saving.user };
  try {
    return { user: await again(() => updateUser(saving.user._id, changes, saving.tag), say) };
  } catch (error) {
    if (error.status !== 412) throw error;
    return meet(saving, mine);
  }
}

/** What differs from what was read; an emptied field is taken away. */
function changesOf(base, mine) {
  const changed = FIELDS.filter((name) => mine[name] !== base[name]);
  return Object.fromEntries(changed.map((name) => [name, mine[name] === '' ? null : mine[name]]));
}

/** It was changed meanwhile: by someone else, or by ourselves when only the answer was lost. */
async function meet(saving, mine) {
  const { user, tag } = await readUser(saving.user._id);
  const theirs = fieldsOf(user);
  const clash = compare(saving.base, mine, theirs);
  Object.assign(saving, { user, tag });
  const left = Object.keys(changesOf(theirs, { ...mine, ...pick(theirs, clash.taken) }));
  if (left.length === 0) return { user };
  return { clash, theirs };
}

const pick = (values, names) => Object.fromEntries(names.map((name) => [name, values[name]]));

function fieldsOf(user) {
  const values = Object.fromEntries(FIELDS.map((name) => [name, asText(user[name])]));
  return { ...values, country: codeOf(values.country) ? nameOf(codeOf(values.country)) : values.country };
}

/** Asks again while nobody knows how it went: with the same key, or the same tag, that does no harm. */
async function again(ask, say) {
  for (let failures = 1; ; failures += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!isUnknown(error) && !stillRuns(error)) throw error;
      if (failures === TRIES) {
        throw Object.assign(error, { hint: 'It isn’t known whether this was saved. Saving again is safe.' });
      }
      say(`${error.message} Trying again…`);
      await new Promise((resume) => { setTimeout(resume, backOff(failures, error.retryAfter)); });
    }
  }
}

/** The first request with our key has not ended yet. */
const stillRuns = ({ status, errors }) => status === 409 && errors.some(({ field }) => field === 'Idempotency-Key');
