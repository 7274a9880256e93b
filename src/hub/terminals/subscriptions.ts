// The subscriptions of dashboards to the output of commands: what is published, who is attached, and who is too slow.
import { CloseCode } from '../../protocol/close-codes.ts';
import { hasEnded } from '../../protocol/command-status.ts';
import { HubError } from '../../protocol/errors.ts';
import { SLOW_MS } from '../../protocol/limits.ts';
import type { Broadcast } from '../broadcast.ts';
import type { Compress } from '../compressor.ts';
import { ownOutput, type OutputSource } from './output-source.ts';
import type { HubContext } from '../context.ts';
import { createFrame } from '../frame.ts';
import { readWhenReachable } from '../store-health.ts';
import { maySee } from '../grants.ts';
import type { Cursor, DashboardConnection } from '../state/dashboard.ts';
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

  /** Attaches to output that is in no buffer. */
  async function attachStored(
    dashboard: DashboardConnection,
    commandId: string,
    start: Start,
  ): Promise<void> {
    const { link } = dashboard;
    const cursor = delivery.attach(dashboard, commandId, positionAfter(start));
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
          await attach(dashboard, commandId, start);
        return;
      }
      // It may have ended meanwhile.
      if (!isComplete) command = (await find()) ?? command;
      if (!hasEnded(command.status)) {
        throw new HubError('unavailable', 'The output cannot be read at the moment. Try again.');
      }
      const { lastSequence, totalBytes } = command;
      cursor.storedEnd = { lastSequence: lastSequence ?? -1, totalBytes: totalBytes ?? 0 };
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
  async function attach(dashboard: DashboardConnection, commandId: string, start: Start = {}) {
    const { link } = dashboard;
    const refreshed = output.refresh(commandId);
    if (refreshed) await refreshed;
    // Since then, it has resumed on another connection, where it attaches again.
    if (dashboard.link !== link) return;
    const buffer = state.terminalBuffers.get(commandId);
    if (!buffer || !maySee(state, dashboard, buffer.agentId)) {
      return attachStored(dashboard, commandId, start);
    }
    const cursor = delivery.attach(dashboard, commandId, positionAfter(start, buffer));
    const position = findInBuffer(buffer, start);
    if (position) skip(dashboard, commandId, cursor, position);
    else await skipStored(dashboard, commandId, cursor, start);
    return delivery.advanceInNextTick(dashboard);
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
        const isLive = dashboard.subscriptions.get(commandId)?.state === 'live';
        if (dashboard.state !== 'CONNECTED' || !isLive) continue;
        delivery.leaveTopic(dashboard, commandId);
        delivery.awaitConfirmation(dashboard, commandId);
      }
    },
    /** Whether a dashboard has completed subscriptions that no ping sent so far can confirm. */
    needConfirmation: ({ subscriptions, lastPing }: DashboardConnection) =>
      subscriptions
        .values()
        .some(
          (subscription) => subscription.state === 'sent' && subscription.confirmedBy > lastPing,
        ),
    /** Ends the completed subscriptions that a pong confirms. */
    confirm(dashboard: DashboardConnection, ping: number) {
      for (const [commandId, subscription] of dashboard.subscriptions) {
        if (subscription.state !== 'sent' || subscription.confirmedBy > ping) continue;
        dashboard.subscriptions.delete(commandId);
      }
    },
    attach,
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
      const begin = () => {
        for (const dashboard of followers) {
          if (dashboard.subscriptions.has(id)) continue;
          if (!state.terminalBuffers.has(id)) {
            // It has ended meanwhile.
            attachStored(dashboard, id, {}).catch(() => undefined);
            continue;
          }
          delivery.attach(dashboard, id, { next: 0, offset: 0 });
          delivery.advance(dashboard);
        }
      };
      const refreshed = output.refresh(id);
      if (refreshed) refreshed.then(begin, () => undefined);
      else begin();
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
