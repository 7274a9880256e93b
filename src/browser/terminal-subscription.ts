// One command's output on the screen: attached to it at the hub, each piece shown once and in order.
import type { DashboardConnect, DashboardToHub } from '../protocol/dashboard-to-hub.ts';
import type { HubToDashboard } from '../protocol/hub-to-dashboard.ts';
import { BUFFER_BYTES } from '../protocol/limits.ts';
import type { Body } from '../protocol/message.ts';
import { createSequenceTracker, type SequenceTracker } from './sequence-tracker.ts';
import { endText, gapText } from './terminal-markers.ts';

/** Whatever can show output; the page's is src/browser/xterm-display.ts. */
export interface Display {
  write(text: string, stream: 'stdout' | 'stderr'): void;
  line(text: string, tone: 'warning' | 'quiet'): void;
  clear(): void;
  backlog(): number;
}

export type TerminalState = 'empty' | 'live' | 'complete';
type Positions = NonNullable<DashboardConnect['resume']>['terminals'];

export interface TerminalOptions {
  display: Display;
  send(message: Body<DashboardToHub>): boolean;
  onState(state: TerminalState): void;
}

/** What is known of the command on the screen. */
interface Shown {
  commandId: string;
  tracker: SequenceTracker;
  complete: boolean;
  /** Left on purpose, until the screen has caught up. */
  paused: boolean;
  /** Asked again because something was missing; no second time until it has come. */
  mending: boolean;
  /** The hub did not know it when asked. */
  refused: boolean;
}

/** Follows one command at a time. */
export function createTerminal({ display, send, onState }: TerminalOptions) {
  let shown: Shown | null = null;
  let announced: string | null = null;

  function attach(): void {
    if (!shown) return;
    const { commandId, tracker } = shown;
    send({ type: 'terminal:attach', commandId, afterSequence: tracker.last() });
  }

  function begin(commandId: string): Shown {
    display.clear();
    onState('empty');
    const tracker = createSequenceTracker();
    return { commandId, tracker, complete: false, paused: false, mending: false, refused: false };
  }

  /** Something is missing: ask for it again, once. */
  function mend(terminal: Shown): void {
    if (terminal.mending) return;
    terminal.mending = true;
    attach();
  }

  function output(terminal: Shown, message: HubToDashboard & { type: 'terminal:output' }): void {
    const verdict = terminal.tracker.output(message.sequence);
    if (verdict === 'hole') mend(terminal);
    if (verdict !== 'show') return;
    terminal.mending = false;
    display.write(message.data, message.stream);
    onState('live');
    // A screen that cannot keep up leaves: the hub holds 1 MB, and tells how much was lost beyond that.
    if (display.backlog() <= BUFFER_BYTES || terminal.paused) return;
    terminal.paused = true;
    send({ type: 'terminal:detach', commandId: terminal.commandId });
  }

  function complete(
    terminal: Shown,
    message: HubToDashboard & { type: 'terminal:complete' },
  ): void {
    if (!terminal.tracker.isWhole(message.lastSequence)) return mend(terminal);
    if (terminal.complete) return;
    terminal.complete = true;
    display.line(endText(message), 'quiet');
    onState('complete');
  }

  return {
    /** Shows another command from its start, or none; the same one again changes nothing. */
    show(commandId: string | null): void {
      if (shown?.commandId === (commandId ?? undefined)) return;
      if (shown) send({ type: 'terminal:detach', commandId: shown.commandId });
      shown = commandId === null ? null : begin(commandId);
      if (!shown) display.clear();
      attach();
    },

    /** Takes what the hub says, where it is about this command. */
    hear(message: HubToDashboard): void {
      if (!shown || !('commandId' in message) || message.commandId !== shown.commandId) return;
      if (message.type === 'terminal:output') return output(shown, message);
      if (message.type === 'terminal:complete') return complete(shown, message);
      if (message.type === 'terminal:gap' && shown.tracker.gap(message.toSequence)) {
        display.line(gapText(message), 'warning');
      }
      // A command that waits may be unknown to the hub's buffers: ask again once it runs.
      if (message.type === 'error') shown.refused = true;
      if (message.type !== 'command:status' || message.status !== 'running') return;
      if (shown.refused) attach();
      shown.refused = false;
    },

    /** The connection stands again. Sequences compare only within one start of the hub. */
    welcome({ resumed, sameHub }: { resumed: boolean; sameHub: boolean }): void {
      if (!shown) return;
      if (!sameHub && shown.tracker.last() >= 0) shown = begin(shown.commandId);
      shown.mending = false;
      if (!resumed || announced !== shown.commandId) attach();
    },

    /** The screen has nothing left to draw: go on where it left. */
    drawn(): void {
      if (!shown?.paused) return;
      shown.paused = false;
      attach();
    },

    /** Where it stands, for a connection that comes back. */
    positions(): Positions {
      announced = shown && !shown.paused ? shown.commandId : null;
      if (!shown || announced === null) return [];
      return [{ commandId: announced, afterSequence: shown.tracker.last() }];
    },
  };
}

export type TerminalView = ReturnType<typeof createTerminal>;
