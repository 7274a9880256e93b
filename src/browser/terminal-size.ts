// The size of a terminal: that of its window, or for an interactive terminal that another window owns, the size of that one
// (docs/protocol.md, "Interactive terminals").
import { FitAddon } from '@xterm/addon-fit';
import type { Terminal } from '@xterm/xterm';
import type { DashboardToHub } from '../protocol/dashboard-to-hub.ts';
import type { TerminalSize } from '../protocol/hub-to-dashboard.ts';
import type { Unversioned } from '../protocol/message.ts';
import { scrollbackFor } from './xterm-open.ts';

/** How long the size of the window must be stable before it is sent. */
const SEND_DELAY_MS = 100;
/** The width of lines that are not wrapped. */
const UNWRAPPED_COLUMNS = 500;

export interface SizeControlOptions {
  terminal: Terminal;
  /** The element whose size the terminal takes. */
  frame: HTMLElement;
  send(message: Unversioned<DashboardToHub>): boolean;
  /** Called when the size or its owner has changed. */
  onChange(): void;
}

export function createSizeControl({ terminal, frame, send, onChange }: SizeControlOptions) {
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  /** The size of the interactive terminal, as the hub sent it last. */
  let shared: TerminalSize | null = null;
  let canType = false;
  let isWrapping = true;
  let isRunning = false;
  let sendTimer: ReturnType<typeof setTimeout> | undefined;

  const propose = () => fit.proposeDimensions();

  function resize(cols: number, rows: number): void {
    terminal.options.scrollback = scrollbackFor(cols);
    if (cols !== terminal.cols || rows !== terminal.rows) terminal.resize(cols, rows);
  }

  /** Sends the size of this window. */
  function offer(takeOver: boolean): void {
    const size = propose();
    if (!size || !shared || !isRunning || !canType) return;
    const cols = Math.min(1000, Math.max(2, size.cols));
    const rows = Math.min(1000, Math.max(2, size.rows));
    if (shared.isOwner && cols === shared.cols && rows === shared.rows) return;
    send({ type: 'terminal:resize', commandId: shared.commandId, cols, rows, takeOver });
  }

  /** Applies the size that follows from the window, the owner and the preferences. */
  function update(): void {
    const size = propose();
    const isFollowing = shared !== null && isRunning;
    if (isFollowing && shared && !shared.isOwner) resize(shared.cols, shared.rows);
    else if (size && Number.isFinite(size.cols) && Number.isFinite(size.rows)) {
      resize(isWrapping || isFollowing ? size.cols : UNWRAPPED_COLUMNS, size.rows);
    }
    frame.parentElement?.toggleAttribute('data-wide', terminal.cols > (size?.cols ?? Infinity));
    onChange();
  }

  /** Offers the size of this window, unless another one owns the size. */
  function claim(): void {
    if (shared && (shared.isOwner || shared.owner === null) && !document.hidden) offer(false);
  }

  function handleFrame(): void {
    update();
    clearTimeout(sendTimer);
    sendTimer = setTimeout(claim, SEND_DELAY_MS);
  }

  const observer = new ResizeObserver(handleFrame);
  observer.observe(frame);
  document.addEventListener('visibilitychange', claim);
  terminal.loadAddon({
    activate: () => {},
    dispose() {
      observer.disconnect();
      document.removeEventListener('visibilitychange', claim);
    },
  });

  return {
    update: handleFrame,
    /** Forgets the size of the last command. */
    reset(): void {
      shared = null;
      update();
    },
    setRunning(value: boolean): void {
      if (value === isRunning) return;
      isRunning = value;
      update();
      claim();
    },
    setCanType(value: boolean): void {
      canType = value;
    },
    setWrapping(value: boolean): void {
      isWrapping = value;
      update();
    },
    /** Handles the size of the hub. Claims a size that nobody owns. */
    handleSize(message: TerminalSize): void {
      shared = message;
      update();
      if (message.owner === null) claim();
    },
    claim,
    takeOver: () => offer(true),
    /** The size of an interactive terminal; null for others. */
    getShared: () => shared,
    canType: () => canType && shared !== null && isRunning,
  };
}
