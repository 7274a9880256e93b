// The bar with keys that the keyboards of phones lack. It stays above the keyboard.
import type { Terminal } from '@xterm/xterm';
import type { Typing } from './terminal-typing.ts';

const ARROWS: Record<string, string> = { up: 'A', down: 'B', right: 'C', left: 'D' };

/** Makes the buttons in `bar` send their keys. */
export function initKeys(
  bar: HTMLElement,
  terminal: Terminal,
  typing: Typing,
  onData: (data: string) => void,
): void {
  const send = (key: string | undefined) => {
    const arrow = ARROWS[key ?? ''];
    if (key === 'control') typing.toggleControl();
    else if (key === 'escape') onData('\u001b');
    else if (key === 'tab') onData('\t');
    else if (arrow) {
      onData(`\u001b${terminal.modes.applicationCursorKeysMode ? 'O' : '['}${arrow}`);
    }
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
