// The subscriptions of dashboards to the output of commands: what is published, who is attached, and who is too slow.
import { CloseCode } from '../../protocol/close-codes.ts';
import { hasEnded } from '../../protocol/command-status.ts';
import { HubError } from '../../protocol/errors.ts';
import { SLOW_MS } from '../../protocol/limits.ts';
import type { Broadcast } from '../broadcast.ts';
import type { Compress } from '../compressor.ts';
import { ownOutput, type OutputSource, type Received } from './output-source.ts';
import type { StoredCommand } from '../../store/store.ts';
import type { HubContext } from '../context.ts';
import { createFrame } from '../frame.ts';
import { readWhenReachable } from '../store-health.ts';
import { maySee } from '../grants.ts';
import type { Cursor, DashboardConnection, Reader } from '../state/dashboard.ts';
import type { OutputChunk, TerminalBuffer } from '../state/terminal-buffer.ts';
import { createBacklogs } from './backlogs.ts';
import { createDelivery } from './delivery.ts';
import { createFrames } from './frames.ts';
import { createOutputReader } from './output-reader.ts';
import { findInBuffer, findInStore, positionAfter, type Start } from './start-position.ts';
import { type Position, skipTo } from './stored-messages.ts';
import { completeMessage } from './terminal-messages.ts';

export type Subscriptions = ReturnType<typeof createSubscriptions>;

export function createSubscriptions(
  context: HubContext,
  broadcast: Broadcast,
  compress: Compress,
  output: OutputSource = ownOutput,
) {
  const { state, store, clock } = context;
  const frames = createFrames(compress);
  const backlogs = createBacklogs(context);
  const reader = createOutputReader(context);
  const delivery = createDelivery(context, { frames, compress, reader });

  /** Frees the frames of commands that are no longer replayed to a dashboard. */
  function freeFrames() {
    if (frames.keptBytes() === 0) return;
    const replayed = new Set<string>();
    for (const dashboard of state.dashboards.values()) {
      if (dashboard.state !== 'CONNECTED') continue;
      for (const [commandId, subscription] of dashboard.subscriptions) {
        if (subscription.state === 'replay') replayed.add(commandId);
      }
    }
    frames.keepOnly(replayed);
  }

  /** Moves a cursor to a later position, and tells the dashboard what it does not receive. */
  function skip(
    dashboard: DashboardConnection,
    commandId: string,
    cursor: Cursor,
    position: Readonly<Position>,
  ) {
    if (position.next <= cursor.next) return;
    delivery.send(dashboard, skipTo(commandId, cursor, position, 'skipped'));
  }

  /** Moves a cursor to a position that only the store knows. */
  async function skipStored(
    dashboard: DashboardConnection,
    commandId: string,
    cursor: Cursor,
    start: Start,
  ) {
    const buffer = state.terminalBuffers.get(commandId);
    const end = cursor.storedEnd
      ? { next: cursor.storedEnd.lastSequence + 1, offset: cursor.storedEnd.totalBytes }
      : { next: buffer?.nextSequence ?? 0, offset: buffer?.writtenBytes ?? 0 };
    cursor.isWaiting = true;
    try {
      const position = await findInStore(store, commandId, start, end);
      if (delivery.isCurrent(dashboard, commandId, cursor)) {
        skip(dashboard, commandId, cursor, position);
      }
    } finally {
      cursor.isWaiting = false;
    }
  }

  /** Whether a dashboard can begin again with one command, so that it may continue where it was on another hub. */
  const canReset = ({ acceptsReset }: DashboardConnection) => output.isShared && acceptsReset;

  /** What a dashboard has received that is not known to be valid. */
  function findUnchecked(
    dashboard: DashboardConnection,
    { afterSequence = -1, epoch }: Start,
  ): Received | null {
    const isUnchecked = canReset(dashboard) && afterSequence >= 0 && epoch !== undefined;
    return isUnchecked ? { afterSequence, epoch } : null;
  }

  /** Whether a dashboard may continue with a cursor. If what it has received is void, it begins again. */
  async function mayContinue(
    dashboard: DashboardConnection,
    command: Command,
    cursor: Cursor,
    received: Received,
  ): Promise<boolean> {
    const { id } = command;
    const isCurrent = () => delivery.isCurrent(dashboard, id, cursor);
    cursor.isWaiting = true;
    const isValid = await output.isValid(command, received, isCurrent).catch((error: unknown) => {
      if (isCurrent()) dashboard.subscriptions.delete(id);
      throw error;
    });
    if (!isCurrent()) return false;
    cursor.isWaiting = false;
    if (!isValid) restart(dashboard, id);
    return isValid;
  }

  /** Tells a dashboard to which epoch the output belongs that it has received, and will receive. */
  function tellEpoch(
    dashboard: DashboardConnection,
    commandId: string,
    reader: Reader,
    epoch: number,
  ) {
    if (reader.epoch === epoch) return;
    reader.epoch = epoch;
    delivery.send(dashboard, { type: 'terminal:epoch', commandId, epoch });
  }

  /** Sends output from a cursor on. */
  function begin(dashboard: DashboardConnection, command: Command, { reader }: Cursor) {
    if (!canReset(dashboard) || dashboard.state !== 'CONNECTED') return;
    tellEpoch(dashboard, command.id, reader, output.epochOf(command));
  }

  /** Attaches to output that is in no buffer. */
  async function attachStored(
    dashboard: DashboardConnection,
    commandId: string,
    start: Start,
    reader = createReader(start),
  ): Promise<void> {
    const { link } = dashboard;
    const cursor = delivery.attach(dashboard, commandId, positionAfter(start), reader);
    cursor.isWaiting = true;
    const detach = () => {
      if (dashboard.subscriptions.get(commandId) === cursor) {
        dashboard.subscriptions.delete(commandId);
      }
    };
    try {
      const find = () => readWhenReachable(clock, () => store.commands.find(commandId));
      let command = await find();
      // Since then, it has resumed on another connection, where it attaches again.
      if (dashboard.link !== link) return;
      if (!command || !maySee(state, dashboard, command.agentId)) {
        throw new HubError('command_unknown', 'Command not found.');
      }
      const isComplete = hasEnded(command.status) && !command.isOutputOpen;
      if (!isComplete && (await output.open(command))) {
        if (delivery.isCurrent(dashboard, commandId, cursor))
          await attach(dashboard, commandId, start, reader);
        return;
      }
      // It may have ended meanwhile.
      if (!isComplete) command = (await find()) ?? command;
      if (!hasEnded(command.status)) {
        throw new HubError('unavailable', 'The output cannot be read at the moment. Try again.');
      }
      const { lastSequence, totalBytes } = command;
      cursor.storedEnd = { lastSequence: lastSequence ?? -1, totalBytes: totalBytes ?? 0 };
      const unchecked = findUnchecked(dashboard, start);
      if (unchecked && !(await mayContinue(dashboard, command, cursor, unchecked))) return;
      begin(dashboard, command, cursor);
      await skipStored(dashboard, commandId, cursor, start);
    } catch (error) {
      detach();
      throw error;
    } finally {
      cursor.isWaiting = false;
      delivery.advanceInNextTick(dashboard);
    }
  }

  /**
   * Sends the output of a command from its start or from `start` on, then follows it live. Output that was deleted is a
   * gap with the reason `expired`, and output that was not asked for one with the reason `skipped`.
   * @throws {HubError} command_unknown
   */
  async function attach(
    dashboard: DashboardConnection,
    commandId: string,
    start: Start = {},
    reader = createReader(start),
    isWanted = () => true,
  ): Promise<void> {
    const { link } = dashboard;
    const refreshed = output.refresh(commandId);
    if (refreshed) await refreshed;
    // Since then, it has resumed on another connection, where it attaches again.
    if (dashboard.link !== link || !isWanted()) return;
    const buffer = state.terminalBuffers.get(commandId);
    if (!buffer || !maySee(state, dashboard, buffer.agentId)) {
      return attachStored(dashboard, commandId, start, reader);
    }
    const command = { id: commandId, agentId: buffer.agentId };
    const cursor = delivery.attach(dashboard, commandId, positionAfter(start, buffer), reader);
    const unchecked = findUnchecked(dashboard, start);
    if (unchecked && !(await mayContinue(dashboard, command, cursor, unchecked))) return;
    begin(dashboard, command, cursor);
    // Its output may have become complete meanwhile.
    const held = state.terminalBuffers.get(commandId);
    cursor.offset ??= positionAfter(start, held).offset;
    const position = held && findInBuffer(held, start);
    if (position) skip(dashboard, commandId, cursor, position);
    else await skipStored(dashboard, commandId, cursor, start);
    return delivery.advanceInNextTick(dashboard);
  }

  /** Tells a dashboard that what it has received of a command is void, and attaches it as if it had just connected. */
  async function attachAgain(
    dashboard: DashboardConnection,
    commandId: string,
    start: Start,
  ): Promise<void> {
    const reader = { ...createReader(start), resetConfirmedBy: dashboard.lastPing + 1 };
    delivery.send(dashboard, { type: 'terminal:reset', commandId });
    const cursor = delivery.attach(dashboard, commandId, { next: 0, offset: 0 }, reader);
    cursor.isWaiting = true;
    const isCurrent = () => delivery.isCurrent(dashboard, commandId, cursor);
    // Until then, its buffer has been dropped.
    await Promise.resolve();
    if (!isCurrent()) return;
    try {
      await attach(dashboard, commandId, reader.origin, reader, isCurrent);
    } catch (error) {
      if (isCurrent()) dashboard.subscriptions.delete(commandId);
      throw error;
    }
  }

  /** The same for a dashboard that follows a command. If it is not connected, it learns that when it resumes. */
  function restart(dashboard: DashboardConnection, commandId: string) {
    const subscription = dashboard.subscriptions.get(commandId);
    if (!subscription) return;
    const { reader } = subscription;
    if (dashboard.state !== 'CONNECTED') {
      reader.resetConfirmedBy = Infinity;
      return;
    }
    attachAgain(dashboard, commandId, reader.origin).catch(() => {
      // It attaches when it has connected again.
      dashboard.link.close(CloseCode.goingAway, 'moved');
    });
  }

  return {
    /** Publishes a new chunk to the live subscribers of its command. */
    publishChunk(commandId: string, chunk: OutputChunk) {
      const buffer = state.terminalBuffers.get(commandId);
      const frame = buffer && broadcast.toSubscribers(commandId, () => frames.of(buffer, chunk));
      if (!frame) return;
      for (const dashboard of backlogs.add(frame.text.length)) delivery.demote(dashboard);
    },
    /** Publishes that a command's output is complete. Dashboards served by a cursor get this at the end of the replay. */
    publishComplete(buffer: TerminalBuffer) {
      const { commandId } = buffer;
      broadcast.toSubscribers(commandId, () => createFrame(completeMessage(buffer), compress));
      for (const dashboard of state.dashboards.values()) {
        const subscription = dashboard.subscriptions.get(commandId);
        if (dashboard.state !== 'CONNECTED' || subscription?.state !== 'live') continue;
        delivery.leaveTopic(dashboard, commandId);
        delivery.awaitConfirmation(dashboard, commandId, subscription.reader);
      }
    },
    /** Whether a dashboard has completed subscriptions that no ping sent so far can confirm. */
    needConfirmation: ({ subscriptions, lastPing }: DashboardConnection) =>
      subscriptions
        .values()
        .some(
          (subscription) => subscription.state === 'sent' && subscription.confirmedBy > lastPing,
        ),
    /** Ends the completed subscriptions that a pong confirms, and notes that it confirms those that have begun again. */
    confirm(dashboard: DashboardConnection, ping: number) {
      for (const [commandId, subscription] of dashboard.subscriptions) {
        const { reader } = subscription;
        if ((reader.resetConfirmedBy ?? Infinity) <= ping) reader.resetConfirmedBy = null;
        if (subscription.state !== 'sent' || subscription.confirmedBy > ping) continue;
        dashboard.subscriptions.delete(commandId);
      }
    },
    attach,
    attachAgain,
    restart,
    canReset,
    /** Tells the dashboards that follow a command that all they have received of it belongs to a later epoch, too. */
    publishEpoch(commandId: string, epoch: number) {
      for (const dashboard of state.dashboards.values()) {
        const reader = dashboard.subscriptions.get(commandId)?.reader;
        // Without an epoch, what it has received is not checked yet.
        if (dashboard.state !== 'CONNECTED' || !reader || reader.epoch === null) continue;
        tellEpoch(dashboard, commandId, reader, epoch);
      }
    },
    /** Ends a dashboard's subscription to a command's output. */
    detach(dashboard: DashboardConnection, commandId: string) {
      if (dashboard.subscriptions.get(commandId)?.state === 'live') {
        delivery.leaveTopic(dashboard, commandId);
      }
      dashboard.subscriptions.delete(commandId);
    },
    /** Subscribes the dashboards that receive all output to a new command. */
    attachFollowers({ id, agentId }: { id: string; agentId: string }) {
      const followers = [...state.dashboards.values()].filter(
        (dashboard) => dashboard.terminals === 'all' && maySee(state, dashboard, agentId),
      );
      if (followers.length === 0) return;
      const beginAll = () => {
        for (const dashboard of followers) {
          if (dashboard.subscriptions.has(id)) continue;
          if (!state.terminalBuffers.has(id)) {
            // It has ended meanwhile.
            attachStored(dashboard, id, {}).catch(() => undefined);
            continue;
          }
          const start = { next: 0, offset: 0 };
          const cursor = delivery.attach(dashboard, id, start, createReader());
          begin(dashboard, { id, agentId }, cursor);
          delivery.advance(dashboard);
        }
      };
      const refreshed = output.refresh(id);
      if (refreshed) refreshed.then(beginAll, () => undefined);
      else beginAll();
    },
    /** Continues after a socket has drained. */
    handleDrain(dashboard: DashboardConnection) {
      if (dashboard.slowSince !== null) dashboard.slowSince = clock.monotonic();
      backlogs.update(dashboard);
      delivery.advance(dashboard);
    },
    /** Looks for slow dashboards, closes those without progress for 30 s, and retries the others. */
    sweep() {
      for (const dashboard of backlogs.findSlow()) delivery.demote(dashboard);
      freeFrames();
      for (const dashboard of state.dashboards.values()) {
        if (dashboard.slowSince === null || dashboard.state !== 'CONNECTED') continue;
        if (clock.monotonic() - dashboard.slowSince < SLOW_MS)
          delivery.advanceInNextTick(dashboard);
        else dashboard.link.close(CloseCode.tryAgainLater, 'slow_consumer');
      }
    },
    /** Serves what is left of complete output from the store, because its buffer is freed. */
    continueFromStore({ commandId, nextSequence, writtenBytes: totalBytes }: TerminalBuffer) {
      for (const { subscriptions } of state.dashboards.values()) {
        const cursor = subscriptions.get(commandId);
        if (cursor?.state !== 'replay') continue;
        cursor.storedEnd = { lastSequence: nextSequence - 1, totalBytes };
      }
    },
    reader,
    /** Forgets what was sent of the output of a command, because it may be received again in other pieces. */
    forgetFrames: frames.forget,
    /** Whether a dashboard is subscribed to a command's output, or may resume a subscription. */
    exist: (commandId: string) =>
      state.dashboards.values().some(({ subscriptions }) => subscriptions.has(commandId)),
  };
}

type Command = Pick<StoredCommand, 'id' | 'agentId'>;

const createReader = ({ afterBytes, tailBytes }: Start = {}): Reader => ({
  origin: {
    ...(afterBytes !== undefined && { afterBytes }),
    ...(tailBytes !== undefined && { tailBytes }),
  },
  epoch: null,
  resetConfirmedBy: null,
});
