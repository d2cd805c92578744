// Runs before the first paint: a chosen theme must not flash. A plain script, because modules run too late.
try {
  const theme = localStorage.getItem("tocsin.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  /* no storage in this browser */
}
