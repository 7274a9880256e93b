// The terminal's dark and light colors. They match the page's palette in public/styles/tokens.css.
import type { ITheme } from '@xterm/xterm';

const dark: ITheme = {
  background: '#0b0e0d',
  foreground: '#e6e4da',
  cursor: '#e6e4da',
  selectionBackground: '#3a5c86',
  black: '#2b3430',
  red: '#ff7b6b',
  green: '#5fd38d',
  yellow: '#f2bd4b',
  blue: '#86b8ff',
  magenta: '#d6a2ec',
  cyan: '#6fd3d0',
  white: '#d9d7cc',
  brightBlack: '#818b84',
  brightRed: '#ff9d90',
  brightGreen: '#8ee5b0',
  brightYellow: '#ffd47d',
  brightBlue: '#aed0ff',
  brightMagenta: '#e7c3f6',
  brightCyan: '#9ce6e3',
  brightWhite: '#ffffff',
};

const light: ITheme = {
  background: '#fffdf7',
  foreground: '#1d2521',
  cursor: '#1d2521',
  selectionBackground: '#bcd5f5',
  black: '#1d2521',
  red: '#b5291f',
  green: '#14713f',
  yellow: '#8a5a00',
  blue: '#1d57a5',
  magenta: '#84369f',
  cyan: '#0c6a70',
  white: '#6b736c',
  brightBlack: '#666e67',
  brightRed: '#cc3b30',
  brightGreen: '#1b8049',
  brightYellow: '#9a6700',
  brightBlue: '#2a69bd',
  brightMagenta: '#984ab3',
  brightCyan: '#127b82',
  brightWhite: '#4a524c',
  scrollbarSliderBackground: '#1d252133',
};

/**
 * Calls `onTheme` with the page's current theme, and again whenever the user or the system changes it, until the function
 * that it returns is called.
 */
export function watchTheme(onTheme: (theme: ITheme) => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const root = document.documentElement;
  const update = () => {
    const isDark = root.dataset['theme'] ? root.dataset['theme'] === 'dark' : system.matches;
    onTheme(isDark ? dark : light);
  };
  system.addEventListener('change', update);
  const observer = new MutationObserver(update);
  observer.observe(root, { attributeFilter: ['data-theme'] });
  update();
  return () => {
    system.removeEventListener('change', update);
    observer.disconnect();
  };
}
