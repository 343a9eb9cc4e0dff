// Starts the users page: the address says what is shown, the feed brings it, the parts show it.

import { announce } from '../announce.js';
import { askToken } from '../auth.js';
import { refreshTimes } from '../dom.js';
import { bindShortcuts } from '../shortcuts.js';
import { serverNow } from '../state.js';
import { mountTheme } from '../views/theme.js';
import { EMPTY, listKey, listQuery, tidy, writeAddress } from './address.js';
import { countUsers, listUsers, readUser } from './client.js';
import { confirm } from './confirm.js';
import { UNDO_SECONDS, createDeletions, titleOf } from './deletions.js';
import { mountExports } from './exports.js';
import { createFeed } from './feed.js';
import { clearFilters, mountFilters } from './filters.js';
import { createForm } from './form.js';
import { createList } from './list.js';
import { createNavigation } from './navigation.js';
import { mountOrders } from './orders.js';
import { mountPager } from './pager.js';
import { callOf } from './row.js';
import { createSelection, mountSelection } from './selection.js';
import { createSheet } from './sheet.js';
import { mountStatus } from './status.js';
import { createTable } from './table.js';
import { showToast } from './toasts.js';

const byId = (id) => document.getElementById(id);
const card = byId('list');

const navigation = createNavigation(onView);
const deletions = createDeletions(onDeletions);
const selection = createSelection(() => redraw());
const table = createTable(card.querySelector('.table'), {
  isSelected: selection.has,
  isHidden: deletions.isHidden,
  currentId: () => navigation.view.user,
  hrefOf: (user) => writeAddress({ ...navigation.view, user }),
});
const list = createList(card, table);
const feed = createFeed({ ask, onAnswer, onFailure });
const status = mountStatus(onTrouble);
const sheet = createSheet(byId('sheet'), { onClose: navigation.closeUser, onEdit: edit, onDelete: (user) => remove([user]) });
const form = createForm(byId('user-dialog'), onSaved);
const bulk = mountSelection(card, { selection, table, onDelete: remove });
const pager = mountPager(card.querySelector('.pager'), byId('limit'), navigation);
const parts = [
  mountFilters(byId('filters'), byId('chips'), navigation),
  mountOrders(card, navigation),
  mountExports(byId('export'), navigation),
];

// ---- what is shown

async function ask(view, signal) {
  const [answer, total] = await Promise.all([listUsers(listQuery(view), signal), countUsers(signal)]);
  return { ...answer, total };
}

function onView(view, before) {
  for (const show of parts) show(view);
  if (!before || listKey(view) !== listKey(before)) {
    list.search();
    feed.load(view);
    if (before && (view.after !== before.after || view.before !== before.before)) toTop();
  }
  showSheet(view);
  redraw();
}

function onAnswer(answer, { view, quiet }) {
  status.good();
  if (view.before && !answer.page.prev) return navigation.go({ after: '', before: '' }, 'replace');
  list.take(answer, { view, quiet });
  redraw();
  sheet.refresh();
  if (!quiet) announce(list.empty ? 'No user found.' : list.words(), { low: true });
  return undefined;
}

function onFailure(error, { failures, wait }) {
  list.fail(error);
  status.bad(error, failures, wait);
  redraw();
}

function onTrouble() {
  if (byId('trouble').querySelector('[data-trouble-action]').textContent !== 'Enter token') return feed.now();
  return askToken().then((given) => given && feed.now());
}

function redraw() {
  if (list.ready) table.draw();
  list.show();
  bulk.show();
  pager.show(navigation.view, list.page);
}

/** Another page begins at its first row. */
function toTop() {
  if (card.getBoundingClientRect().top < 0) card.scrollIntoView({ block: 'start' });
}

// ---- one user

function showSheet({ user }) {
  if (user && user !== sheet.id) sheet.open(user, table.find(user));
  else if (!user && sheet.id) returnFocus(sheet.close());
}

/** To the row that the panel was about, or to where it was opened from. */
function returnFocus(id) {
  const own = table.rowOf(id)?.querySelector('[data-open]');
  const target = own ?? (sheet.from?.isConnected && sheet.from !== document.body ? sheet.from : firstRow());
  target.focus({ preventScroll: true });
}

/** Where the focus goes when what had it is gone. */
const firstRow = () => table.body.querySelector('[data-open]') ?? card.querySelector('[data-way]:not([hidden])') ?? byId('main');

table.body.addEventListener('click', (event) => {
  const row = event.target.closest('tr[data-user]');
  const link = event.target.closest('a');
  const modified = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
  if (!row || event.target.closest('[data-select], label') || (link && modified)) return;
  if (!link && !getSelection().isCollapsed) return;
  event.preventDefault();
  navigation.openUser(row.dataset.user);
});

table.body.addEventListener('keydown', (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const row = event.target.closest('tr');
  const next = step && table.body.rows[row.sectionRowIndex + step];
  if (!next) return;
  event.preventDefault();
  next.querySelector(event.target.matches('[data-select]') ? '[data-select]' : '[data-open]').focus();
});

/** The user in question: of the panel, else of the row with the focus. */
function meant() {
  return sheet.user ?? table.find(document.activeElement.closest?.('tr[data-user]')?.dataset.user);
}

async function edit(user) {
  const { user: now, tag } = await readUser(user._id).catch((error) => ({ error, ...failedToRead(user, error) }));
  if (now) form.open(now, tag);
}

function failedToRead(user, error) {
  showToast({ text: `${callOf(user)} can’t be edited right now: ${error.message}`, kind: 'bad', label: 'Try again', onAction: () => edit(user) });
  return {};
}

function onSaved(user, created) {
  feed.load(navigation.view);
  if (!created) {
    table.update([user]);
    sheet.show(user);
    announce(`${callOf(user)} saved.`);
    return;
  }
  const open = () => navigation.openUser(user._id);
  showToast({ text: `Added ${callOf(user)}.`, label: 'Open', onAction: open });
  announce(`Added ${callOf(user)}.`);
}

// ---- deleting

async function remove(users) {
  if (users.length === 0) return;
  const hidden = users.filter(({ _id }) => !table.find(_id)).length;
  const elsewhere = hidden && users.length > 1 ? ` ${hidden} of them ${hidden === 1 ? 'is' : 'are'} not on this page.` : '';
  const sure = await confirm({
    title: `Delete ${titleOf(users)}?`,
    text: `The user data and all recorded requests go.${elsewhere} You can undo this for ${UNDO_SECONDS} seconds.`,
    yes: 'Delete',
  });
  if (!sure) return;
  if (users.some(({ _id }) => _id === sheet.id)) navigation.closeUser();
  deletions.begin(users);
  selection.set(users, false);
  if (document.activeElement === document.body) firstRow().focus({ preventScroll: true });
}

function onDeletions({ sent }) {
  redraw();
  if (sent) feed.now();
}

// ---- controls

function pause() {
  feed.pause(!feed.paused);
  status.pause(feed.paused);
  byId('pause').setAttribute('aria-pressed', String(feed.paused));
  announce(feed.paused ? 'Updates paused.' : 'Updates go on.');
}

function refresh() {
  feed.load(navigation.view);
  announce('Refreshing.', { low: true });
}

byId('pause').addEventListener('click', pause);
byId('refresh').addEventListener('click', refresh);
card.querySelector('[data-arrived]').addEventListener('click', () => feed.load(navigation.view));
for (const button of document.querySelectorAll('[data-add]')) button.addEventListener('click', () => form.open());
card.querySelector('[data-way="clear"]').addEventListener('click', () => {
  clearFilters(navigation);
  byId('search').focus();
});
card.querySelector('[data-way="all"]').addEventListener('click', () => navigation.go({ ...EMPTY }));
card.querySelector('[data-way="first"]').addEventListener('click', () => navigation.go({ after: '', before: '' }));
bindShortcuts([
  { key: '/', label: 'Search', run: () => byId('search').select() },
  { key: 'r', label: 'Refresh now', run: refresh },
  { key: 'p', label: 'Pause or go on', run: pause },
  { key: 'k', label: 'Dashboard for a wall screen', run: () => location.assign('/?kiosk') },
  { key: 't', label: 'Light or dark', run: () => byId('theme-switch').click() },
  { key: 'a', label: 'Add a user', run: () => form.open() },
  { key: 'e', label: 'Edit the user in focus', run: () => meant() && edit(meant()) },
  { key: 'Delete', label: 'Delete the user in focus', run: () => meant() && remove([meant()]) },
  { key: 'u', label: 'Undo the last deletion', run: deletions.undoLast },
  { key: '[', label: 'Previous page', run: () => pager.follow('prev') },
  { key: ']', label: 'Next page', run: () => pager.follow('next') },
]);

// ---- begin

mountTheme(byId('theme-switch'));
list.wait(Math.min(navigation.view.limit, EMPTY.limit));
const toSearch = location.hash === '#search';
history.replaceState(history.state, '', writeAddress(tidy(navigation.view)) + (toSearch ? '' : location.hash));
onView(navigation.view, null);
if (toSearch) byId('search').focus();
setInterval(() => {
  if (document.hidden) return;
  refreshTimes(serverNow());
  status.show();
}, 1000);
document.documentElement.dataset.ready = '';
