// Before anything is painted: dark or light, as chosen here or else as the system has it. A script
// of the old kind, because modules run after the first painting.
(() => {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const apply = () => {
    let chosen = null;
    try {
      chosen = localStorage.getItem('chat.theme');
    } catch {
      // Storage may be forbidden: then nothing was chosen.
    }
    const isDark = chosen === null ? dark.matches : chosen === 'dark';
    document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
    document.querySelector('meta[name=theme-color]').content = isDark ? '#14171a' : '#f3f5f4';
  };
  dark.addEventListener('change', apply);
  addEventListener('themechosen', apply);
  addEventListener('storage', apply);
  apply();
})();
