// The one place where the view changes: by the page's controls, or by the browser's back and forward.

import { readAddress, tidy, writeAddress } from './address.js';

/** @param {(view: object, before: object) => void} onView is told each new view */
export function createNavigation(onView) {
  let view = readAddress(location.search);
  let typing = false;

  function settle(next) {
    const before = view;
    view = next;
    onView(view, before);
  }

  /**
   * Changes parts of the view. How: 'push' for a deliberate step; 'type' while a text is typed, which is one step
   * as a whole; 'replace' for what is none.
   */
  function go(change, how = 'push') {
    const next = tidy({ ...view, ...change });
    const path = writeAddress(next);
    const fresh = how === 'push' || (how === 'type' && !typing);
    typing = how === 'type' || (typing && how === 'replace');
    const state = { sheet: Boolean(next.user && (fresh ? !view.user : history.state?.sheet)) };
    if (path !== location.pathname + location.search) history[fresh ? 'pushState' : 'replaceState'](state, '', path);
    settle(next);
  }

  addEventListener('popstate', () => {
    typing = false;
    settle(readAddress(location.search));
  });
  return {
    get view() { return view; },
    go,
    /** A changed filter or order begins at the first page. */
    filter: (change, how) => go({ ...change, after: '', before: '' }, how),
    endTyping: () => { typing = false; },
    openUser: (user) => go({ user }, view.user ? 'replace' : 'push'),
    /** Back to where the panel was opened from, so that "back" afterwards doesn't open it again. */
    closeUser() {
      if (history.state?.sheet) history.back();
      else go({ user: '' }, 'replace');
    },
  };
}
