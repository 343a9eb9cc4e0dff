// Deletions that can still be undone. A user is out of sight at once; the server is asked when the time is over, or
// when the page is left, whatever comes first.

import { announce } from '../announce.js';
import { backOff } from '../poll.js';
import { number, plural } from '../format.js';
import { deleteUser, mayPass } from './client.js';
import { callOf } from './row.js';
import { showToast } from './toasts.js';

export const UNDO_SECONDS = 6;
const AT_ONCE = 4;
const TRIES = 3;

/** @param {(change: {sent?: boolean}) => void} onChange who is out of sight has changed, or the server has deleted */
export function createDeletions(onChange) {
  const hidden = new Set();
  const waiting = [];
  const queues = new Set();

  function hide(users, on) {
    for (const { _id } of users) on ? hidden.add(_id) : hidden.delete(_id);
  }

  function begin(users) {
    const batch = { users, toast: null };
    hide(users, true);
    waiting.push(batch);
    batch.toast = showToast({
      text: `Deleted ${titleOf(users)}.`,
      label: 'Undo',
      seconds: UNDO_SECONDS,
      clock: true,
      onAction: () => undo(batch),
      onEnd: () => take(batch) && send(batch.users),
    });
    announce(`Deleted ${titleOf(users)}. Press u to undo.`);
    onChange({});
  }

  function take(batch) {
    const place = waiting.indexOf(batch);
    if (place >= 0) waiting.splice(place, 1);
    return place >= 0;
  }

  function undo(batch) {
    if (!take(batch)) return;
    hide(batch.users, false);
    announce(`${titleOf(batch.users)} back.`);
    onChange({});
  }

  /** Sends a batch, a few at once. Whoever was not deleted comes back, and it is said why. */
  async function send(users) {
    const queue = [...users];
    queues.add(queue);
    const failed = await empty(queue);
    queues.delete(queue);
    const back = failed.map(({ user }) => user);
    hide(back, false);
    if (back.length) {
      tellFailure(users, failed, () => {
        hide(back, true);
        send(back);
        onChange({});
      });
    }
    onChange({ sent: true });
  }

  /** The requests outlive the page; what they answer is nobody's any more. */
  addEventListener('pagehide', () => {
    for (const batch of waiting.splice(0)) {
      batch.toast.close();
      queues.add([...batch.users]);
    }
    for (const queue of queues) for (const { _id } of queue.splice(0)) deleteUser(_id, { quiet: true }).catch(() => {});
    queues.clear();
  });
  addEventListener('pageshow', (event) => event.persisted && hidden.clear());
  return {
    begin,
    isHidden: (id) => hidden.has(id),
    undoLast: () => waiting.at(-1)?.toast.act(),
  };
}

export const titleOf = (users) => (users.length === 1 ? callOf(users[0]) : plural(users.length, 'user'));

/** Deletes all of a queue; those that failed, each with its reason. */
async function empty(queue) {
  const failed = [];
  const work = async () => {
    for (let user = queue.shift(); user; user = queue.shift()) {
      const error = await attempt(user._id);
      if (error) failed.push({ user, error });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return failed;
}

/** Deleting twice is deleting once, so a lost answer is no reason not to ask again. */
async function attempt(id) {
  for (let failures = 1; ; failures += 1) {
    const error = await deleteUser(id).then(() => null, (reason) => reason);
    if (!error || !mayPass(error) || failures === TRIES) return error;
    await new Promise((resume) => { setTimeout(resume, backOff(failures, error.retryAfter)); });
  }
}

function tellFailure(users, failed, again) {
  const left = failed.map(({ user }) => user);
  const who = users.length === 1 ? callOf(users[0]) : `${number(left.length)} of ${plural(users.length, 'user')}`;
  const text = `${who} could not be deleted: ${failed[0].error.message}`;
  showToast({ text, kind: 'bad', seconds: 0, label: 'Try again', onAction: again });
  announce(text);
}
