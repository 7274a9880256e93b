// A terminal's subscription to one command's output: attaches at the hub and writes each chunk once, in order
// (docs/protocol.md, "Output").
import { DashboardConnect, type DashboardToHub } from '../protocol/dashboard-to-hub.ts';
import type { HubToDashboard } from '../protocol/hub-to-dashboard.ts';
import { BUFFER_BYTES } from '../protocol/limits.ts';
import type { Unversioned } from '../protocol/message.ts';
import {
  addToPage,
  createNextPage,
  createOutputPage,
  type OutputPage,
  type TerminalCapacity,
} from './output-page.ts';
import { createSequenceTracker, type SequenceTracker } from './sequence-tracker.ts';
import { formatEnd, formatGap, type MarkerTone } from './terminal-markers.ts';

/** The display that output is written to. src/browser/xterm-display.ts implements it. */
export interface TerminalDisplay {
  write(text: string, stream: 'stdout' | 'stderr', sequence: number): void;
  writeMarker(text: string, tone: MarkerTone): void;
  /** Removes everything. The view then follows the end of the output, or stays at the top of a page. */
  clear(page?: Pick<OutputPage, 'linesBefore'> | null): void;
  /** Returns how much it can hold. It drops the oldest lines when more is written. */
  getCapacity(): TerminalCapacity;
  /** Returns the number of characters not drawn yet. */
  getBacklog(): number;
  /** Calls `listener` once, as soon as everything is drawn. */
  onceDrained(listener: () => void): void;
}

export type TerminalState = 'empty' | 'live' | 'complete';
type Position = NonNullable<DashboardConnect['resume']>['terminals'][number];

/** The hub rejects a `resume` with more terminals. */
const MAX_POSITIONS = DashboardConnect.properties.resume.properties.terminals.maxItems ?? Infinity;

export interface TerminalSubscriptionOptions {
  display: TerminalDisplay;
  send(message: Unversioned<DashboardToHub>): boolean;
  onState(state: TerminalState): void;
  /** Called with the size of the output before the first chunk that the terminal asked for. */
  onEarlierOutput(bytes: number): void;
  /** Called when the terminal shows a page that is followed by later output, and when it no longer does. */
  onLaterOutput(hasMore: boolean): void;
}

/** What the hub says after a reconnect. */
interface Welcome {
  resumed: boolean;
  /** Whether the hub checks the epochs of terminals, although the connection is new. */
  keepsTerminals?: boolean;
  isSameEpoch: boolean;
}

/** The command that is shown. */
interface Shown {
  commandId: string;
  tracker: SequenceTracker;
  isComplete: boolean;
  /** Detached until the display has drawn its backlog. */
  isPaused: boolean;
  /** Attached again to get missing chunks. Not repeated until the next chunk is written. */
  isRecovering: boolean;
  /** The sequence with which it begins. */
  first: number;
  /** The output epoch of what is shown; null if the hub has named none. */
  epoch: number | null;
  /** The hub had no buffer for the command when the terminal attached. */
  isUnknown: boolean;
  /** The page that is shown instead of the end of the output. */
  page: OutputPage | null;
}

/** Creates a subscription to one command at a time. */
export function createTerminalSubscription({
  display,
  send,
  onState,
  onEarlierOutput,
  onLaterOutput,
}: TerminalSubscriptionOptions) {
  let shown: Shown | null = null;
  /** The command whose position the last `resume` contained. */
  let resumedCommandId: string | null = null;

  function attach(): void {
    if (!shown) return;
    const { commandId, tracker, epoch, page } = shown;
    send({
      type: 'terminal:attach',
      commandId,
      afterSequence: tracker.getLast(),
      ...(epoch !== null && { epoch }),
      // Without a page, the terminal shows the end of the output, which can be much longer than the terminal.
      ...(page === null && { tailBytes: BUFFER_BYTES }),
    });
  }

  function start(commandId: string, page: OutputPage | null = null, first = 0): Shown {
    display.clear(page);
    onState('empty');
    onEarlierOutput(0);
    onLaterOutput(false);
    return {
      commandId,
      tracker: createSequenceTracker(first),
      isComplete: false,
      isPaused: false,
      isRecovering: false,
      first,
      epoch: null,
      isUnknown: false,
      page,
    };
  }

  /** Starts the output over, at a page or with its end. */
  function restart(page: OutputPage | null, first = 0): void {
    if (!shown) return;
    shown = start(shown.commandId, page, first);
    // Chunks that are on their way already are not the first ones. They must not cause another replay.
    shown.isRecovering = true;
    attach();
  }

  /** Ends a page whose next chunk does not fit. */
  function endPage(command: Shown): void {
    send({ type: 'terminal:detach', commandId: command.commandId });
    onLaterOutput(true);
  }

  function recover(command: Shown): void {
    if (command.isRecovering) return;
    command.isRecovering = true;
    attach();
  }

  /** Detaches a display that cannot keep up. It continues with the last 1 MB of output, after a gap. */
  function pause(command: Shown): void {
    command.isPaused = true;
    send({ type: 'terminal:detach', commandId: command.commandId });
    display.onceDrained(() => {
      if (shown !== command || command.page?.isFull) return;
      command.isPaused = false;
      attach();
    });
  }

  function handleOutput(command: Shown, message: HubToDashboard & { type: 'terminal:output' }) {
    const { page } = command;
    const isNext = message.sequence === command.tracker.getLast() + 1;
    if (page && isNext && !addToPage(page, message.data, display.getCapacity())) {
      return endPage(command);
    }
    const verdict = command.tracker.accept(message.sequence);
    if (verdict === 'missing') recover(command);
    if (verdict !== 'next') return;
    command.isRecovering = false;
    display.write(message.data, message.stream, message.sequence);
    onState('live');
    if (display.getBacklog() > BUFFER_BYTES && !command.isPaused) pause(command);
  }

  function handleGap(command: Shown, message: HubToDashboard & { type: 'terminal:gap' }): void {
    const { tracker, page } = command;
    const isSkipped = message.reason === 'skipped';
    // What follows was sent before the hub received the last `terminal:attach`: a page skips nothing.
    if (page && isSkipped) return;
    if (message.fromSequence > tracker.getLast() + 1) return recover(command);
    if (!tracker.skipTo(message.toSequence)) return;
    if (isSkipped && message.fromSequence === 0) onEarlierOutput(message.bytes);
    else display.writeMarker(formatGap(message), 'warning');
  }

  /** Starts over because what was received is void. The hub sends the output again; a page continues with its own part. */
  function handleReset({ commandId, page, first, isPaused }: Shown): void {
    if (page) return restart(createOutputPage(page.linesBefore), first);
    shown = start(commandId);
    // The hub sends nothing to a terminal that it has detached since then.
    if (isPaused) attach();
  }

  function handleComplete(command: Shown, message: HubToDashboard & { type: 'terminal:complete' }) {
    if (!command.tracker.isComplete(message.lastSequence)) return recover(command);
    if (command.isComplete) return;
    command.isComplete = true;
    display.writeMarker(formatEnd(message), 'info');
    onState('complete');
  }

  return {
    /** Shows a command from its start, or clears the terminal. Does nothing if the command is already shown. */
    show(commandId: string | null): void {
      if (shown?.commandId === (commandId ?? undefined)) return;
      if (shown) send({ type: 'terminal:detach', commandId: shown.commandId });
      shown = commandId === null ? null : start(commandId);
      if (!shown) {
        display.clear();
        onLaterOutput(false);
      }
      attach();
    },

    /** Shows the page that begins with a chunk. `linesBefore` is the number of lines before it. */
    showPage: (sequence: number, linesBefore: number) =>
      restart(createOutputPage(linesBefore), sequence),

    /** Shows the first page of the output. */
    showFirstPage: () => restart(createOutputPage(0)),

    /** Shows the page after a full one. */
    showNextPage(): void {
      if (!shown?.page?.isFull) return;
      const { page, repeated } = createNextPage(shown.page);
      restart(page, shown.tracker.getLast() + 1 - repeated);
    },

    /** Shows the end of the output, and follows it. */
    showEnd: () => restart(null),
    /** Whether the terminal holds the end of the output, and not a page of it. */
    isAtEnd: () => (shown?.page ?? null) === null,

    /** Handles a message of the hub; ignores those about other commands. */
    handleMessage(message: HubToDashboard): void {
      if (!shown || !('commandId' in message) || message.commandId !== shown.commandId) return;
      // A full page ignores what was sent before the hub received `terminal:detach`.
      if (shown.page?.isFull) return;
      if (message.type === 'terminal:reset') return handleReset(shown);
      if (message.type === 'terminal:epoch') return void (shown.epoch = message.epoch);
      if (message.type === 'terminal:output') return handleOutput(shown, message);
      if (message.type === 'terminal:complete') return handleComplete(shown, message);
      if (message.type === 'terminal:gap') return handleGap(shown, message);
      // A queued command may have no buffer yet, so attach again once it runs.
      if (message.type === 'error') shown.isUnknown = true;
      if (message.type !== 'command:status' || message.status !== 'running') return;
      if (shown.isUnknown) attach();
      shown.isUnknown = false;
    },

    /**
     * Continues after a reconnect. A new hub epoch renumbers the chunks, so the output starts over, unless the hub keeps
     * terminals: then it checks the output epoch, and resets the terminal if it must start over.
     */
    handleWelcome({ resumed, keepsTerminals = false, isSameEpoch }: Welcome): void {
      if (!shown) return;
      const isAttached = (resumed || keepsTerminals) && resumedCommandId === shown.commandId;
      const isKept = isSameEpoch || isAttached || (keepsTerminals && shown.epoch !== null);
      if (!isKept && shown.tracker.getLast() >= 0) shown = start(shown.commandId);
      shown.isRecovering = false;
      if (shown.page?.isFull) return;
      if (!isAttached) attach();
    },

    /** Returns the position to resume from; null while the terminal is paused or shows nothing. */
    getPosition(): Position | null {
      if (!shown || shown.isPaused || shown.page?.isFull) return null;
      const { commandId, tracker, epoch, page } = shown;
      return {
        commandId,
        afterSequence: tracker.getLast(),
        ...(epoch !== null && { epoch }),
        ...(page === null && { tailBytes: BUFFER_BYTES }),
      };
    },

    /** Notes which command the hub attaches again if it accepts the next `resume`. */
    setResumed(commandId: string | null): void {
      resumedCommandId = commandId;
    },
  };
}

export type TerminalSubscription = ReturnType<typeof createTerminalSubscription>;

/** Returns the positions to send in `resume`: those of the last terminals, if there are more than it may contain. */
export function prepareResume(
  terminals: readonly Pick<TerminalSubscription, 'getPosition' | 'setResumed'>[],
): Position[] {
  const first = terminals.length - MAX_POSITIONS;
  return terminals.flatMap((terminal, index) => {
    const position = index >= first ? terminal.getPosition() : null;
    terminal.setResumed(position?.commandId ?? null);
    return position ?? [];
  });
}
