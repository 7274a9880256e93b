// The bars above and below a terminal's screen: how much of the output the terminal does not show, and buttons to load it.
import { formatSize } from '../protocol/size.ts';

export interface TerminalBarActions {
  onFirstPage(): void;
  onNextPage(): void;
  onEnd(): void;
}

/**
 * Describes what is before the first line in the terminal: `149,972 earlier lines are not shown.`
 * @param bytes the output that the terminal did not receive
 */
export function formatEarlier(lines: number, bytes: number): string {
  const size = formatSize(bytes);
  const count = lines.toLocaleString('en-US');
  const noun = lines === 1 ? 'line' : 'lines';
  if (bytes === 0) return `${count} earlier ${noun} ${lines === 1 ? 'is' : 'are'} not shown.`;
  if (lines === 0) return `${size} of earlier output is not shown.`;
  return `${size} and ${count} ${noun} of earlier output are not shown.`;
}

/** Makes the bars of a terminal work. `root` contains them and its screen. */
export function createTerminalBars(root: HTMLElement, actions: TerminalBarActions) {
  const find = (selector: string) => root.querySelector<HTMLElement>(selector);
  const [earlier, later] = [find('[data-bar=earlier]'), find('[data-bar=later]')];
  const handlers = {
    first: actions.onFirstPage,
    next: actions.onNextPage,
    end: actions.onEnd,
  };
  for (const [name, handle] of Object.entries(handlers)) {
    for (const button of root.querySelectorAll(`[data-load=${name}]`)) {
      button.addEventListener('click', handle);
    }
  }

  /** What the terminal has dropped, and what it did not receive. */
  const missing = { lines: 0, bytes: 0 };

  function update(): void {
    if (!earlier) return;
    const { lines, bytes } = missing;
    earlier.hidden = lines === 0 && bytes === 0;
    const text = earlier.querySelector('span');
    if (text) text.textContent = formatEarlier(lines, bytes);
  }

  return {
    setEarlierLines(lines: number): void {
      missing.lines = lines;
      update();
    },
    setEarlierOutput(bytes: number): void {
      missing.bytes = bytes;
      update();
    },
    setLaterOutput(hasMore: boolean): void {
      if (later) later.hidden = !hasMore;
    },
  };
}
