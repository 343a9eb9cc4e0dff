// What the address says, and putting things into it so that a link shows the same.

/** The value of a parameter, if it is one of those allowed; else the first of these. */
export function choice(name, allowed) {
  const value = new URLSearchParams(location.search).get(name);
  return allowed.includes(value) ? value : allowed[0];
}

/** Puts a parameter into the address, or takes it away with null. No new entry in the history. */
export function keep(name, value) {
  const url = new URL(location.href);
  if (value === null) url.searchParams.delete(name);
  else url.searchParams.set(name, value);
  url.search = url.search.replace(/=(?=&|$)/g, '');
  history.replaceState(history.state, '', url);
}

/** ?refresh=2: milliseconds between two polls, or undefined when the server is to say. From 1 s to an hour. */
export function refreshWish() {
  const seconds = Number(new URLSearchParams(location.search).get('refresh'));
  return seconds > 0 ? Math.min(3_600_000, Math.max(1_000, seconds * 1_000)) : undefined;
}
