// Runs before the first paint, so that a chosen theme never flashes: the only script that isn't a module.
try {
  const theme = localStorage.getItem('headcount.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is forbidden here: the system's theme is used.
}
