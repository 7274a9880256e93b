// Dark or light, as the reader likes it. The choice is a cookie, so that the server renders the next page in it at once.

const YEAR_S = 31_536_000;

/** Makes the switch in the name board work. */
export function runThemeSwitch(): void {
  const root = document.documentElement;
  document.querySelector('[data-theme-switch]')?.addEventListener('click', () => {
    const isDark = root.dataset['theme']
      ? root.dataset['theme'] === 'dark'
      : matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset['theme'] = isDark ? 'light' : 'dark';
    document.cookie = `theme=${root.dataset['theme']}; path=/; max-age=${YEAR_S}; samesite=lax`;
  });
}
