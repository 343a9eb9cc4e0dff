// How fresh the numbers are: the sign on top, the sentence in the footer, and a note when the connection is lost.

import { announce } from '../announce.js';
import { askToken } from '../auth.js';
import { setText } from '../dom.js';
import { duration, exactTime } from '../format.js';

const WORDS = {
  loading: 'Connecting',
  live: 'Live',
  retrying: 'Reconnecting',
  lost: 'Connection lost',
  failing: 'Not updating',
  locked: 'Locked',
};
const TROUBLE = new Set(['lost', 'failing', 'locked']);

/** @param {() => void} pollNow asks for a new snapshot at once */
export function mountStatus(store, pollNow) {
  const page = {
    sign: document.querySelector('.live'),
    word: document.querySelector('[data-link-word]'),
    age: document.querySelector('[data-link-age]'),
    toast: document.getElementById('toast'),
    title: document.querySelector('[data-toast-title]'),
    text: document.querySelector('[data-toast-text]'),
    action: document.querySelector('[data-toast-action]'),
    sentence: document.querySelector('[data-link-sentence]'),
  };
  const tell = changeTeller();
  store.on('link', (link) => {
    showSign(page, link);
    showToast(page, link);
    tell(link);
  });
  store.on('second', () => {
    const link = store.get('link');
    showAge(page, link);
    if (!page.toast.hidden) showToast(page, link);
  });
  store.on('counts', ({ asOf }) => showSentence(page, asOf));
  page.action.addEventListener('click', () => act(store.get('link'), pollNow));
}

function showSign(page, link) {
  page.sign.dataset.link = link.phase;
  setText(page.word, WORDS[link.phase]);
  showAge(page, link);
}

function showAge(page, { goodAt }) {
  if (goodAt) setText(page.age, `updated ${ageText(goodAt)}`);
}

const ageText = (goodAt) => `${duration(Math.floor((performance.now() - goodAt) / 1000))} ago`;

/** The note says what is the matter, what is shown meanwhile and when the next try is. */
function showToast(page, link) {
  const trouble = TROUBLE.has(link.phase);
  page.toast.hidden = !trouble;
  if (!trouble) return;
  setText(page.title, `${WORDS[link.phase]}.`);
  setText(page.text, [link.message, meanwhile(link), nextTry(link)].filter(Boolean).join(' '));
  setText(page.action, link.phase === 'locked' ? 'Enter token' : 'Try now');
}

const meanwhile = ({ goodAt }) => (goodAt ? `Numbers are from ${ageText(goodAt)}.` : '');

function nextTry({ phase, nextAt }) {
  const seconds = Math.ceil((nextAt - performance.now()) / 1000);
  return phase !== 'locked' && seconds > 0 ? `Next try in ${seconds} s.` : '';
}

async function act({ phase }, pollNow) {
  if (phase !== 'locked' || await askToken()) pollNow();
}

function showSentence(page, asOf) {
  if (!asOf) return;
  const time = page.sentence.querySelector('time') ?? document.createElement('time');
  const moment = Date.parse(asOf);
  if (Number.isNaN(moment)) return;
  time.dateTime = asOf;
  setText(time, exactTime(moment));
  if (!time.isConnected) page.sentence.replaceChildren('Numbers of ', time);
}

/** Speaks when the connection goes and when it is back, not for each try. */
function changeTeller() {
  let trouble = false;
  return ({ phase, message }) => {
    if (phase === 'retrying' || phase === 'loading') return;
    const now = phase !== 'live';
    if (now && !trouble) announce(`${WORDS[phase]}. ${message}`);
    if (!now && trouble) announce('Connected again.');
    trouble = now;
  };
}
