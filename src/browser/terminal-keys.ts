// The bar with keys that the keyboards of phones lack. It stays above the keyboard.
import type { Terminal } from '@xterm/xterm';
import type { Typing } from './terminal-typing.ts';

/** The final characters of keys whose sequences depend on the mode of the terminal. */
const CURSOR_KEYS: Record<string, string> = {
  up: 'A',
  down: 'B',
  right: 'C',
  left: 'D',
  home: 'H',
  end: 'F',
};
const OTHER_KEYS: Record<string, string> = {
  escape: '\u001b',
  tab: '\t',
  'page-up': '\u001b[5~',
  'page-down': '\u001b[6~',
  slash: '/',
  minus: '-',
  pipe: '|',
};

/** Makes the buttons in `bar` send their keys. */
export function initKeys(
  bar: HTMLElement,
  terminal: Terminal,
  typing: Typing,
  onData: (data: string) => void,
): void {
  const send = (key = '') => {
    if (key === 'control') return typing.toggleControl();
    const final = CURSOR_KEYS[key];
    const start = terminal.modes.applicationCursorKeysMode ? '\u001bO' : '\u001b[';
    const data = final === undefined ? OTHER_KEYS[key] : start + final;
    if (data !== undefined) onData(data);
  };
  // A button that takes the focus would close the keyboard.
  bar.addEventListener('pointerdown', (event) => event.preventDefault());
  bar.addEventListener('click', ({ target }) => {
    if (target instanceof Element) send(target.closest<HTMLElement>('[data-key]')?.dataset['key']);
  });
  const viewport = window.visualViewport;
  const place = () => {
    if (!viewport) return;
    const hidden = window.innerHeight - viewport.height - viewport.offsetTop;
    bar.style.setProperty('--keyboard', `${Math.max(0, Math.round(hidden))}px`);
  };
  viewport?.addEventListener('resize', place);
  viewport?.addEventListener('scroll', place);
  place();
}
