// How fresh the rows are: the sign in the header, and a note in words when they no longer come.

import { announce } from '../announce.js';
import { setText } from '../dom.js';
import { duration, sentence } from '../format.js';

const WORDS = {
  loading: 'Connecting',
  live: 'Live',
  paused: 'Paused',
  retrying: 'Reconnecting',
  lost: 'Connection lost',
  failing: 'Not updating',
  locked: 'Locked',
};
const TROUBLE = new Set(['lost', 'failing', 'locked']);
const LOST_AFTER = 2;

/** @param {() => void} onAction try now, or enter the token */
export function mountStatus(onAction) {
  const sign = document.querySelector('.live');
  const note = document.getElementById('trouble');
  const parts = {
    word: sign.querySelector('[data-link-word]'),
    age: sign.querySelector('[data-link-age]'),
    title: note.querySelector('[data-trouble-title]'),
    text: note.querySelector('[data-trouble-text]'),
    action: note.querySelector('[data-trouble-action]'),
  };
  const link = { phase: 'loading', goodAt: 0, nextAt: 0, message: '', paused: false };
  parts.action.addEventListener('click', onAction);

  function show() {
    const phase = link.phase === 'live' && link.paused ? 'paused' : link.phase;
    const trouble = TROUBLE.has(phase);
    sign.dataset.link = phase;
    setText(parts.word, WORDS[phase]);
    if (link.goodAt) setText(parts.age, `updated ${ageOf(link)} ago`);
    note.hidden = !trouble;
    if (!trouble) return;
    setText(parts.title, `${WORDS[phase]}.`);
    setText(parts.text, [sentence(link.message), meanwhile(link), nextTry(link)].filter(Boolean).join(' '));
    setText(parts.action, phase === 'locked' ? 'Enter token' : 'Try now');
  }

  return {
    good() {
      if (TROUBLE.has(link.phase)) announce('Connected again.');
      Object.assign(link, { phase: 'live', goodAt: performance.now() });
      show();
    },
    bad(error, failures, wait) {
      const before = link.phase;
      Object.assign(link, { phase: phaseOf(error, failures, link), message: error.message, nextAt: performance.now() + wait });
      if (TROUBLE.has(link.phase) && !TROUBLE.has(before)) announce(`${WORDS[link.phase]}. ${link.message}`);
      show();
    },
    pause(paused) {
      link.paused = paused;
      show();
    },
    show,
  };
}

/** One missed turn is no loss yet, unless there is nothing to show so far. */
function phaseOf({ status }, failures, { goodAt }) {
  if (status === 401) return 'locked';
  if (failures < LOST_AFTER && goodAt) return 'retrying';
  return status ? 'failing' : 'lost';
}

const ageOf = ({ goodAt }) => duration(Math.floor((performance.now() - goodAt) / 1000));

const meanwhile = (link) => (link.goodAt ? `The rows are from ${ageOf(link)} ago.` : '');

function nextTry({ phase, nextAt }) {
  const seconds = Math.ceil((nextAt - performance.now()) / 1000);
  return phase !== 'locked' && seconds > 0 ? `Next try in ${seconds} s.` : '';
}
