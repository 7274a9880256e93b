// The bars above and below a terminal's screen: how much of the output the terminal does not show, and buttons to load it.
import { formatSize } from '../protocol/size.ts';

export interface TerminalBarActions {
  onFirstPage(): void;
  onNextPage(): void;
  onEnd(): void;
}

/** Describes the lines before the first one in the terminal: `149,972 earlier lines are not shown.` */
export function formatEarlierLines(lines: number): string {
  const count = lines.toLocaleString('en-US');
  return lines === 1 ? '1 earlier line is not shown.' : `${count} earlier lines are not shown.`;
}

/** Describes the output that the terminal did not receive: `12.4 MB of earlier output is not shown.` */
export function formatEarlierOutput(bytes: number): string {
  return `${formatSize(bytes)} of earlier output is not shown.`;
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
    if (text) text.textContent = bytes > 0 ? formatEarlierOutput(bytes) : formatEarlierLines(lines);
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
