// The tools above a terminal: copy, download, link, full screen, and how the terminal looks.
import type { Terminal } from '@xterm/xterm';
import { createPlainOutput } from '../protocol/plain-output.ts';
import { requireCopyable, TooLargeError } from './copy-limit.ts';
import { copyText } from './copy-text.ts';
import { fetchOutput } from './output-source.ts';
import { FONT_SIZES, type TerminalPreferences } from './terminal-preferences.ts';

export interface ToolsOptions {
  terminal: Terminal;
  /** The element that contains the terminal and its tools. */
  root: HTMLElement;
  preferences: TerminalPreferences;
  getCommandId(): string | null;
  onPreferences(preferences: TerminalPreferences): void;
  onSearch(): void;
  /** Copies a link to the line that the user means. */
  getLineLink(): string | null;
  /** Tells the user what happened. */
  say(text: string): void;
}

/** Reads the whole output as plain text. @throws {TooLargeError} */
async function readPlainOutput(commandId: string): Promise<string> {
  const plain = createPlainOutput();
  const parts: string[] = [];
  const { signal } = new AbortController();
  for await (const messages of fetchOutput(commandId, signal, { onResponse: requireCopyable })) {
    for (const message of messages) {
      if (message.type === 'terminal:output') parts.push(plain.write(message.data));
    }
  }
  return [...parts, plain.end()].join('');
}

export function initTools(options: ToolsOptions): { setCommand(id: string | null): void } {
  const { terminal, root, preferences, getCommandId, onPreferences, say } = options;

  async function copy(): Promise<void> {
    const selection = terminal.getSelection();
    const commandId = getCommandId();
    if (selection === '' && commandId === null) return;
    try {
      const text = selection === '' ? await readPlainOutput(commandId ?? '') : selection;
      const isCopied = await copyText(text);
      const what = selection === '' ? 'The output was copied.' : 'The selection was copied.';
      say(
        isCopied ? what : 'The browser does not allow copying. Select the text and press Ctrl+C.',
      );
    } catch (error) {
      const isTooLarge = error instanceof TooLargeError;
      say(isTooLarge ? error.message : 'The output could not be copied. Try again.');
    }
  }

  async function copyLink(): Promise<void> {
    const link = options.getLineLink();
    if (link === null) return say('This output has no links to lines.');
    say((await copyText(link)) ? 'The link was copied.' : link);
  }

  /** Phones cannot show an element on the full screen, and a browser can forbid it. It then fills the window. */
  async function toggleFullScreen(): Promise<void> {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else await root.requestFullscreen();
    } catch {
      root.toggleAttribute('data-full-screen');
    }
  }

  function changeFont(step: number): void {
    const size = (terminal.options.fontSize ?? 13) + step;
    const fontSize = Math.min(FONT_SIZES.maximum, Math.max(FONT_SIZES.minimum, Math.round(size)));
    Object.assign(preferences, { fontSize });
    onPreferences(preferences);
  }

  const tools: Record<string, () => unknown> = {
    search: options.onSearch,
    copy,
    link: copyLink,
    'full-screen': toggleFullScreen,
    smaller: () => changeFont(-1),
    larger: () => changeFont(1),
  };
  // A tool that takes the focus would end typing.
  root.addEventListener('pointerdown', (event) => {
    const isTool = event.target instanceof Element && event.target.closest('[data-tool]') !== null;
    if (isTool) event.preventDefault();
  });
  root.addEventListener('click', ({ target }) => {
    const tool = target instanceof Element ? target.closest<HTMLElement>('[data-tool]') : null;
    void tools[tool?.dataset['tool'] ?? '']?.();
  });
  for (const box of root.querySelectorAll<HTMLInputElement>('[data-preference]')) {
    const name = box.dataset['preference'] as 'wrap' | 'times' | 'screenReader';
    box.checked = preferences[name];
    box.addEventListener('change', () => {
      preferences[name] = box.checked;
      onPreferences(preferences);
    });
  }

  return {
    setCommand(id) {
      for (const link of root.querySelectorAll<HTMLAnchorElement>('[data-download]')) {
        const extension = link.dataset['download'] === 'raw' ? 'log' : 'txt';
        link.hidden = id === null;
        if (id !== null) link.href = `/commands/${encodeURIComponent(id)}/output.${extension}`;
      }
    },
  };
}
