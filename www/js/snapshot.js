// Reads back what the server wrote into the page, in the shape of /v1/counts and /v1/user, so that the first
// rendering by script finds the page as it is and changes nothing.

const numeric = (text) => (/^\d+(\.\d+)?$/.test(text ?? '') ? Number(text) : undefined);

/** The snapshot in the page, or undefined when it was served without numbers. */
export function readCounts(root = document) {
  const count = (name) => numeric(root.querySelector(`[data-count="${name}"]`)?.dataset.value);
  if (count('users') === undefined) return undefined;
  return {
    users: count('users'),
    requests: count('requests') ?? 0,
    countries: count('countries'),
    active: { daily: count('daily') ?? 0, weekly: count('weekly') ?? 0, monthly: count('monthly') ?? 0 },
    gender: readGender(root),
    topCountries: readRanks(root, '#top-countries', ({ key, name, sum }) => ({ code: key, country: name, sum })),
    topUsers: readRanks(root, '#top-users', ({ key, name, sum }) => ({ user: { _id: key, name }, sum })),
    devices: {
      os: readRanks(root, '#top-systems', ({ name, sum }) => ({ name, sum })),
      browser: readRanks(root, '#top-browsers', ({ name, sum }) => ({ name, sum })),
    },
    rates: { usersPerSecond: count('usersPerSecond') ?? 0, requestsPerSecond: count('requestsPerSecond') ?? 0 },
    jobs: [...root.querySelectorAll('.jobs > [data-job]')].map(readJob),
    asOf: root.querySelector('[data-as-of]')?.dateTime,
  };
}

function readGender(root) {
  const items = [...root.querySelectorAll('[data-gender][data-value]')];
  return Object.fromEntries(items.map(({ dataset }) => [dataset.gender, numeric(dataset.value) ?? 0]));
}

function readRanks(root, list, shape) {
  const rows = [...root.querySelectorAll(`${list} > [data-key]`)];
  return rows.map(({ dataset: { key, name, value } }) => shape({ key, name, sum: numeric(value) ?? 0 }));
}

function readJob({ dataset, children }) {
  const note = [...children].find((child) => 'jobNote' in child.dataset);
  return {
    id: dataset.job,
    kind: dataset.kind,
    state: dataset.state,
    total: numeric(dataset.total),
    done: numeric(dataset.done) ?? 0,
    perSecond: numeric(dataset.rate),
    etaSeconds: numeric(dataset.eta),
    finishedAt: dataset.finished,
    detail: note?.textContent,
  };
}

/** The page of users which the server wrote, or undefined when it wrote none. */
export function readUsers(table) {
  const users = [...table.querySelectorAll('tbody > [data-user]')].map(readUser);
  return { users, page: { next: table.dataset.next || null, prev: table.dataset.prev || null } };
}

function readUser(row) {
  const text = (selector) => row.querySelector(selector).textContent;
  return {
    _id: row.dataset.user,
    name: text('[data-name]'),
    email: text('[data-email]'),
    gender: text('[data-gender-word]'),
    country: text('[data-country-name]'),
    createdAt: row.querySelector('time').dateTime,
  };
}
