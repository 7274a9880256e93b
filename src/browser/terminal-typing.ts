// Typing into the program of an interactive terminal: starts with a click or Enter, and ends with Esc twice.
import type { Terminal } from '@xterm/xterm';
import { type Confirm, countPastedLines } from './terminal-confirm.ts';

/** The longest time between two Esc keys that belong together. */
const ESCAPE_MS = 500;
const CONTROL_CODES = /^[@-_a-z]$/i;

export interface TypingOptions {
  terminal: Terminal;
  host: HTMLElement;
  /** Whether the terminal accepts input from this user now. */
  canType(): boolean;
  confirm: Confirm;
  onData(data: string): void;
  onChange(isTyping: boolean): void;
  clock: { monotonic(): number };
}

export type Typing = ReturnType<typeof createTyping>;

export function createTyping(options: TypingOptions) {
  const { terminal, host, canType, confirm, onData, onChange, clock } = options;
  let isTyping = false;
  /** Whether the next character is combined with Ctrl. */
  let isControl = false;
  let escapes = 0;
  let escapedAt = -Infinity;

  function set(value: boolean): void {
    if (isTyping === value) return;
    isTyping = value;
    isControl = false;
    escapes = 0;
    terminal.options.disableStdin = !value;
    onChange(value);
  }

  function start(): void {
    if (!canType()) return;
    set(true);
    terminal.focus();
  }

  /** Programs on the whole screen, such as editors, use Esc twice themselves. */
  const escapesToLeave = () => (terminal.buffer.active.type === 'alternate' ? 3 : 2);

  function countEscape(): void {
    const now = clock.monotonic();
    escapes = now - escapedAt <= ESCAPE_MS ? escapes + 1 : 1;
    escapedAt = now;
  }

  /** Returns whether the terminal handles a key. */
  function handleKey(event: KeyboardEvent): boolean {
    if (event.type !== 'keydown') return isTyping;
    const isShortcut = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    // Copying and pasting is left to the browser, which sends what it pastes to the terminal.
    if (isShortcut && key === 'v') return false;
    if (isShortcut && key === 'c' && (event.shiftKey || event.metaKey || terminal.hasSelection())) {
      return copySelection(event);
    }
    if (!isTyping) {
      if (event.key === 'Enter' && !isShortcut && canType()) {
        event.preventDefault();
        start();
        return false;
      }
      return event.key !== 'Tab' && !isShortcut;
    }
    if (event.key !== 'Escape') escapes = 0;
    else countEscape();
    if (escapes >= escapesToLeave()) queueMicrotask(() => set(false));
    return true;
  }

  function copySelection(event: KeyboardEvent): boolean {
    if (!terminal.hasSelection()) return false;
    event.preventDefault();
    navigator.clipboard?.writeText(terminal.getSelection()).catch((error: unknown) => {
      console.warn('The selection was not copied.', error);
    });
    terminal.clearSelection();
    return false;
  }

  /** Applies the Ctrl key of the bar. */
  function applyControl(data: string): string {
    if (!isControl || !CONTROL_CODES.test(data)) return data;
    isControl = false;
    onChange(true);
    return String.fromCharCode(data.toUpperCase().charCodeAt(0) & 31);
  }

  /** Asks before the program would run the lines of a paste one by one. */
  function handlePaste(event: ClipboardEvent): void {
    const text = event.clipboardData?.getData('text/plain') ?? '';
    const lines = countPastedLines(text, terminal.modes.bracketedPasteMode);
    if (!isTyping || lines === 0) return;
    event.preventDefault();
    event.stopPropagation();
    const question = `The program may run each line as it arrives. Paste ${lines} lines?`;
    void confirm({ text: question, detail: text, action: 'Paste' }).then((isConfirmed) => {
      start();
      if (isConfirmed) terminal.paste(text);
    });
  }

  terminal.attachCustomKeyEventHandler(handleKey);
  host.addEventListener('paste', handlePaste, { capture: true });
  terminal.onData((data) => onData(applyControl(data)));
  terminal.onBinary(onData);
  host.addEventListener('click', () => {
    if (!terminal.hasSelection()) start();
  });
  terminal.textarea?.addEventListener('blur', () => {
    // When the user switches to another window, typing continues afterwards.
    if (document.hasFocus()) set(false);
  });

  return {
    start,
    /** Ends typing because the program has ended, and moves the focus to the composer. */
    end(): void {
      if (!isTyping) return;
      set(false);
      document.getElementById('command')?.focus({ preventScroll: true });
    },
    isTyping: () => isTyping,
    escapesToLeave,
    isControl: () => isControl,
    toggleControl(): void {
      isControl = !isControl;
      onChange(isTyping);
    },
  };
}
