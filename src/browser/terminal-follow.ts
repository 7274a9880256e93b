// Follows the end of a terminal's output until the user scrolls up, and then counts the lines that are added.
import type { Terminal } from '@xterm/xterm';
import { formatNewLines } from './new-lines.ts';
import type { LineCount } from './terminal-line-count.ts';

/** Shows `button` while the terminal does not follow. */
export function initFollow(
  terminal: Terminal,
  lineCount: LineCount,
  button: HTMLButtonElement,
): void {
  const label = button.querySelector('span') ?? button;
  /** The number of the cursor's line when the user scrolled up; null while the terminal follows. */
  let leftAt: number | null = null;
  const update = () => {
    const { viewportY, baseY, type } = terminal.buffer.active;
    const isFollowing = viewportY >= baseY || type === 'alternate';
    const line = lineCount.getCursorLine();
    leftAt = isFollowing ? null : Math.min(leftAt ?? line, line);
    button.hidden = isFollowing;
    const text = formatNewLines(leftAt === null ? 0 : line - leftAt);
    if (label.textContent !== text) label.textContent = text;
  };
  terminal.onRender(update);
  terminal.onWriteParsed(update);
  button.addEventListener('click', () => {
    terminal.scrollToBottom();
    terminal.focus();
  });
}
