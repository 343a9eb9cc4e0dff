// What the page knows, by name. A view asks for a name and is told each time its value is set.

/**
 * Names in use: `counts` (the last snapshot), `link` (how polling goes: phase, goodAt, nextAt, message), `health` (how
 * each service does), `ages` (what is shown → performance.now() of its making), `created` (jobs begun here that the
 * snapshot doesn't show yet), `second` (set once a second while the page is seen).
 */
export function createStore() {
  const values = new Map();
  const listeners = new Map();
  return {
    get: (name) => values.get(name),
    set(name, value) {
      values.set(name, value);
      for (const tell of listeners.get(name) ?? []) tell(value);
    },
    on(name, tell) {
      listeners.set(name, [...(listeners.get(name) ?? []), tell]);
      if (values.has(name)) tell(values.get(name));
    },
  };
}

/** The server's clock, as far as its Date header tells; small differences are noise. */
let skew = 0;

export function noteServerDate(header) {
  const difference = Date.parse(header) - Date.now();
  if (!Number.isNaN(difference)) skew = Math.abs(difference) > 5000 ? difference : 0;
}

export const serverNow = () => Date.now() + skew;
