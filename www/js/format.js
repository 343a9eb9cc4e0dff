// Turns values into words and digits. Everything shown passes through here. The page's words are English; numbers and
// dates are written as the reader is used to, in the digits that the fields of the page take.

const TAG = navigator.languages[0] ?? 'en';
const LOCALE = TAG.includes('-u-') ? TAG : `${TAG}-u-nu-latn`;
const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const decimal = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 1 });
const short = new Intl.NumberFormat(LOCALE, { notation: 'compact', maximumSignificantDigits: 4 });
const signed = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0, signDisplay: 'exceptZero' });
const tenths = new Intl.NumberFormat(LOCALE, { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 });
const change = new Intl.NumberFormat(LOCALE, {
  style: 'percent', maximumSignificantDigits: 2, signDisplay: 'exceptZero',
});
const SEPARATOR = whole.formatToParts(1e6).find(({ type }) => type === 'group')?.value ?? '';
/** Whether four digits and more are grouped by threes here; not so in India, or with four digits in Spain. */
const THREES = [1234, 12_345_678].every((value) => {
  const grouped = String(value).replace(/\B(?=(\d{3})+$)/g, SEPARATOR);
  return whole.format(value) === grouped;
});
const minute = new Intl.DateTimeFormat(LOCALE, { hour: '2-digit', minute: '2-digit' });
const dayMonth = new Intl.DateTimeFormat(LOCALE, { day: 'numeric', month: 'short' });
const dayMinute = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeStyle: 'short' });
const monthYear = new Intl.DateTimeFormat(LOCALE, { month: 'short', year: '2-digit' });
const exact = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeStyle: 'long' });
const day = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium' });
const relative = new Intl.RelativeTimeFormat('en', { style: 'narrow' });

/**
 * 11000000 → "11,000,000". By hand where groups are threes, which is many times faster: it is what a poll does most.
 */
export function number(value) {
  if (!THREES || !(value >= 0 && value < 1e15)) return whole.format(value);
  const digits = String(Math.round(value));
  let text = digits.slice(-3);
  for (let end = digits.length - 3; end > 0; end -= 3) {
    text = digits.slice(Math.max(0, end - 3), end) + SEPARATOR + text;
  }
  return text;
}

/** 11000000 → "11M", where there is little room */
export const compact = (value) => short.format(value);

/** 1234 → "+1,234", 0 → "0" */
export const difference = (value) => signed.format(value);

/** How much a part of the former value was added or lost: "+0.52%" */
export const growth = (part) => change.format(part);

/** 0.1763 → "17.6%" */
export const percent = (part) => tenths.format(part);

/** A rate keeps one decimal while it is small: 0.4, 12, 15,800. */
export function rate(value) {
  return value > 0 && value < 10 ? decimal.format(value) : number(value);
}

/** 1 → "1 user", 2 → "2 users" */
export function plural(count, one, many = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** Seconds → "45 s", "7 min 10 s", "2 h 5 min" */
export function duration(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 600) return join(Math.floor(s / 60), 'min', s % 60, 's');
  if (s < 3600) return `${Math.round(s / 60)} min`;
  return join(Math.floor(s / 3600), 'h', Math.floor((s % 3600) / 60), 'min');
}

/** The same in its greatest unit: "45 s", "7 min", "2 h" */
export function roughly(seconds) {
  if (seconds < 60) return `${seconds} s`;
  return seconds < 3600 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}

/** What is left, as exact as a guess can be: "45 s", "8 min", "2 h 5 min" */
export function remaining(seconds) {
  return duration(seconds < 90 ? seconds : Math.ceil(seconds / 60) * 60);
}

function join(big, bigUnit, small, smallUnit) {
  return small ? `${big} ${bigUnit} ${small} ${smallUnit}` : `${big} ${bigUnit}`;
}

/** How long ago a moment was: "just now", "12s ago", "3h ago"; after a month the date. */
export function ago(moment, now) {
  const seconds = (now - moment) / 1000;
  if (seconds < 5) return 'just now';
  if (seconds < 60) return relative.format(-Math.floor(seconds), 'second');
  if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), 'minute');
  if (seconds < 86400) return relative.format(-Math.floor(seconds / 3600), 'hour');
  if (seconds < 30 * 86400) return relative.format(-Math.floor(seconds / 86400), 'day');
  return day.format(moment);
}

/** The moment to the second, with its zone. */
export const exactTime = (moment) => exact.format(moment);

/** A moment without its seconds. */
export const shortTime = (moment) => dayMinute.format(moment);

/** A moment of the last day: its time, and its day too when that was yesterday. */
export function clockOrDay(moment, now) {
  const [then, today] = [moment, now].map((at) => new Date(at).toDateString());
  return then === today ? minute.format(moment) : `${dayMonth.format(moment)}, ${minute.format(moment)}`;
}

/** Marks of a time axis whose steps are so many seconds apart. */
export function axisTime(moment, step) {
  if (step < 86400) return minute.format(moment);
  return step < 28 * 86400 ? dayMonth.format(moment) : monthYear.format(moment);
}

/** What stands between groups of digits: everywhere some of these, a point only where the reader's locale has it. */
const GROUP = SEPARATOR === '.' ? '.' : ',';
const GROUPED = new RegExp(`^(\\d+|\\d{1,3}([ _'’\\u00a0\\u202f${GROUP}]\\d{3})+)$`);

/** What a person typed as a whole number, digits grouped or not; NaN for all else. */
export function parseWhole(text) {
  const trimmed = text.trim();
  const value = Number(trimmed.replace(/\D/g, ''));
  return GROUPED.test(trimmed) || (trimmed && number(value) === trimmed) ? value : NaN;
}

/** Up to two initials of a name, of whole characters also outside the basic plane. */
export function initials(name) {
  const words = String(name).trim().split(/\s+/).filter((word) => /\p{L}|\p{N}/u.test(word));
  const letters = words.map((word) => word.match(/\p{L}|\p{N}/u)[0]);
  if (letters.length > 1) return `${letters[0]}${letters.at(-1)}`.toLocaleUpperCase();
  return (letters[0] ?? '?').toLocaleUpperCase();
}

/** Words of a server's as a sentence among others. */
export function sentence(words = '') {
  const whole = words.charAt(0).toUpperCase() + words.slice(1);
  return /[^.!?…]$/.test(whole) ? `${whole}.` : whole;
}
