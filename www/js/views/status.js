// How fresh the numbers are: the signs, the sentence in the footer, and a note when the connection is lost, the
// numbers are old or a service is down.

import { announce } from '../announce.js';
import { askToken } from '../auth.js';
import { setText } from '../dom.js';
import { exactTime, roughly, sentence } from '../format.js';

const WORDS = {
  loading: 'Connecting',
  live: 'Live',
  paused: 'Paused',
  retrying: 'Reconnecting',
  stale: 'Old numbers',
  lost: 'Connection lost',
  failing: 'Not updating',
  locked: 'Locked',
};
const TROUBLE = new Set(['stale', 'lost', 'failing', 'locked']);

/** @param {() => void} pollNow asks for a new snapshot at once */
export function mountStatus(store, pollNow) {
  const page = {
    signs: [...document.querySelectorAll('.live')].map((sign) => ({
      sign,
      word: sign.querySelector('[data-link-word]'),
      age: sign.querySelector('[data-link-age]'),
    })),
    toast: document.getElementById('toast'),
    title: document.querySelector('[data-toast-title]'),
    text: document.querySelector('[data-toast-text]'),
    action: document.querySelector('[data-toast-action]'),
    sentence: document.querySelector('[data-link-sentence]'),
    dismissed: '',
  };
  const tell = changeTeller();
  const show = () => {
    showSigns(page, store.get('link'));
    showToast(page, store);
  };
  store.on('link', (link) => {
    show();
    tell(link, store.get('health'));
  });
  store.on('health', (health) => {
    show();
    tell(store.get('link'), health);
  });
  store.on('second', show);
  store.on('counts', ({ asOf }) => showSentence(page, asOf));
  page.action.addEventListener('click', () => act(page, store, pollNow));
}

function showSigns(page, link) {
  for (const { sign, word, age } of page.signs) {
    if (sign.dataset.link !== link.phase) sign.dataset.link = link.phase;
    setText(word, WORDS[link.phase]);
    if (link.goodAt) setText(age, `updated ${ageText(link.goodAt)}`);
  }
}

const ageText = (goodAt) => `${roughly(Math.floor((performance.now() - goodAt) / 1000))} ago`;

/** The note says what is the matter, what is shown meanwhile and when the next try is. */
function showToast(page, store) {
  const note = noteOf(store);
  page.toast.hidden = !note || page.dismissed === note.key;
  if (!note) page.dismissed = '';
  if (page.toast.hidden) return;
  page.toast.dataset.kind = note.kind;
  setText(page.title, note.title);
  setText(page.text, note.text);
  setText(page.action, note.action);
}

function noteOf(store) {
  const link = store.get('link');
  const { down = [], sentences = [] } = store.get('health') ?? {};
  if (TROUBLE.has(link.phase)) {
    const text = [link.phase === 'lost' ? '' : sentences.join(' '), sentence(link.message), meanwhile(link), nextTry(link)];
    return { kind: 'bad', title: `${WORDS[link.phase]}.`, text: text.filter(Boolean).join(' '),
      action: link.phase === 'locked' ? 'Enter token' : 'Try now', key: 'link' };
  }
  if (!down.length || link.phase !== 'live') return null;
  return { kind: 'warn', title: 'Something is down.', text: sentences.join(' '), action: 'Hide', key: down.join() };
}

const meanwhile = ({ goodAt }) => (goodAt ? `Numbers are from ${ageText(goodAt)}.` : '');

function nextTry({ phase, nextAt }) {
  const seconds = Math.ceil((nextAt - performance.now()) / 1000);
  return phase !== 'locked' && seconds > 0 ? `Next try in ${seconds} s.` : '';
}

async function act(page, store, pollNow) {
  const note = noteOf(store);
  if (note?.kind === 'warn') {
    page.dismissed = note.key;
    showToast(page, store);
  } else if (store.get('link').phase !== 'locked' || await askToken()) {
    pollNow();
  }
}

function showSentence(page, asOf) {
  const moment = Date.parse(asOf);
  if (Number.isNaN(moment)) return;
  const time = page.sentence.querySelector('time') ?? document.createElement('time');
  time.dateTime = asOf;
  setText(time, exactTime(moment));
  if (!time.isConnected) page.sentence.replaceChildren('Numbers of ', time);
}

/** Speaks when something goes and when it is back, not for each try. */
function changeTeller() {
  let last = '';
  return ({ phase, message = '' }, { down = [], sentences = [] } = {}) => {
    if (phase === 'retrying' || phase === 'loading') return;
    const trouble = TROUBLE.has(phase) ? phase : down.join();
    if (trouble === last) return;
    last = trouble;
    if (!trouble) announce(phase === 'paused' ? 'Paused.' : 'All is well again.');
    else announce([TROUBLE.has(phase) ? `${WORDS[phase]}. ${message}` : '', ...sentences].join(' ').trim());
  };
}
