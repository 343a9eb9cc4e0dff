// The requests of the user in the panel, newest first; "Older" adds ten more.

import { setText, showList, stamp } from '../dom.js';
import { serverNow } from '../state.js';
import { readRequests } from './client.js';
import { asText, showTime } from './row.js';

export function createRequests(root) {
  const list = root.querySelector('[data-requests]');
  const older = root.querySelector('[data-older]');
  const note = root.querySelector('[data-requests-note]');
  const state = { id: '', rows: [], next: null, flight: null };

  older.addEventListener('click', () => state.next && ask(state.next));

  async function ask(before) {
    state.flight?.abort();
    const mine = new AbortController();
    state.flight = mine;
    const answer = await readRequests(state.id, before, mine.signal).catch((error) => ({ error }));
    if (state.flight !== mine) return;
    state.flight = null;
    if (answer.error) return setText(note, `The requests can’t be shown right now: ${answer.error.message}`);
    take(answer, before);
    draw();
  }

  /** A refresh brings what is new; what was leafed to stays, if it hangs together with that. */
  function take({ requests, next }, before) {
    const known = new Set(state.rows.map(({ _id }) => _id));
    const fresh = requests.filter(({ _id }) => !known.has(_id));
    if (before) {
      state.rows = [...state.rows, ...fresh];
      state.next = next;
    } else if (state.rows.length && fresh.length < requests.length) {
      state.rows = [...fresh, ...state.rows];
    } else {
      Object.assign(state, { rows: requests, next });
    }
  }

  function draw() {
    showList(list, state.rows, {
      attribute: 'data-request', key: ({ _id }) => String(_id), make: () => stamp('request-template'), update: updateRow,
    });
    setText(note, state.rows.length ? '' : 'No requests yet.');
    const had = document.activeElement === older;
    older.hidden = !state.next;
    if (had && older.hidden) list.lastElementChild?.focus();
  }

  return {
    open(id) {
      if (id !== state.id) {
        Object.assign(state, { id, rows: [], next: null });
        list.replaceChildren();
        older.hidden = true;
        setText(note, 'Loading…');
      } else if (state.flight) {
        return; // a refresh takes nobody's "Older" away
      }
      ask('');
    },
    close: () => state.flight?.abort(),
  };
}

function updateRow(row, { requestTime, device }) {
  const { os, browser, device: kind, ua } = device ?? {};
  const words = [nameOf(browser), nameOf(os)].filter(Boolean).join(' on ') || 'Unknown device';
  setText(row.querySelector('[data-device]'), words);
  setText(row.querySelector('[data-kind]'), asText(kind?.type ?? kind?.model));
  row.title = asText(ua);
  showTime(row.querySelector('time'), requestTime, serverNow());
}

/** "Chrome 154", of {name: "Chrome", version: "154.0.0"} */
function nameOf(part) {
  const name = asText(part?.name);
  const version = asText(part?.major ?? part?.version).split('.')[0];
  return name && version ? `${name} ${version}` : name;
}
