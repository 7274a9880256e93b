// The dark/light switch. The choice is stored in a cookie, so that the server renders the next page in that theme.

const YEAR_S = 31_536_000;

/** Makes the switch toggle the theme. */
export function initThemeSwitch(): void {
  const root = document.documentElement;
  document.querySelector('[data-theme-switch]')?.addEventListener('click', () => {
    const isDark = root.dataset['theme']
      ? root.dataset['theme'] === 'dark'
      : matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset['theme'] = isDark ? 'light' : 'dark';
    document.cookie = `theme=${root.dataset['theme']}; path=/; max-age=${YEAR_S}; samesite=lax`;
  });
}
