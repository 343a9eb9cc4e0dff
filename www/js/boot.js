// Runs before the first paint, so that nothing flashes or jumps: the only script that isn't a module. A theme comes
// from the address (?theme=dark) before the stored one; ?kiosk takes away all but the numbers; cards that are kept in
// an order of the reader's own stay unseen until js/views/order.js has put them there.
{
  const root = document.documentElement;
  const query = new URLSearchParams(location.search);
  const stored = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // Storage is forbidden here.
    }
  };
  const theme = [query.get('theme'), stored('headcount.theme')].find((name) => name === 'light' || name === 'dark');
  if (theme) root.dataset.theme = theme;
  if (location.pathname === '/' && query.has('kiosk')) root.dataset.kiosk = '';
  if (location.pathname === '/' && stored('headcount.order')) root.dataset.ordering = '';
}
