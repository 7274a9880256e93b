// How output reaches dashboards. One mechanism serves live, late, returning and slow dashboards: a cursor walks through
// the buffer, and the dashboard joins the live topic in the tick in which the cursor reaches the end. A dashboard that
// becomes too slow leaves the topic and is served by its cursor again (docs/protocol.md, "Slow dashboards").
import { CloseCode } from '../../protocol/close-codes.ts';
import { encode } from '../../protocol/codec.ts';
import { HubError } from '../../protocol/errors.ts';
import type { HubToDashboard } from '../../protocol/hub-to-dashboard.ts';
import { SLOW_BYTES, SLOW_MS } from '../../protocol/limits.ts';
import { byteLength } from '../../protocol/text.ts';
import { type Broadcast, terminalTopic, topicFor } from '../broadcast.ts';
import type { Compress } from '../compressor.ts';
import type { HubContext } from '../context.ts';
import { maySee } from '../grants.ts';
import type { DashboardConnection } from '../state/dashboard.ts';
import type { OutputChunk, TerminalBuffer } from '../state/terminal-buffer.ts';
import { createBackpressure } from './backpressure.ts';
import { chunkMessage, completeMessage, messageAt, overflowMessage } from './terminal-messages.ts';

export type Subscriptions = ReturnType<typeof createSubscriptions>;

export function createSubscriptions(
  { state, store, clock }: HubContext,
  broadcast: Broadcast,
  compress: Compress,
) {
  const backpressure = createBackpressure();

  function send(dashboard: DashboardConnection, text: string) {
    const frame = dashboard.accepts === null ? text : compress(text);
    backpressure.add(dashboard.link, frameBytes(frame));
    dashboard.link.send(frame);
  }

  function joinTopic(dashboard: DashboardConnection, commandId: string) {
    dashboard.subscriptions.set(commandId, { state: 'live' });
    dashboard.link.subscribe(topicFor(dashboard, terminalTopic(commandId)));
  }

  function leaveTopic(dashboard: DashboardConnection, commandId: string) {
    dashboard.link.unsubscribe(topicFor(dashboard, terminalTopic(commandId)));
  }

  /** Keeps a completed subscription until a pong confirms that its output arrived: the socket may be half-open. */
  function awaitConfirmation(dashboard: DashboardConnection, commandId: string) {
    const confirmedBy = dashboard.lastPing + 1;
    dashboard.subscriptions.set(commandId, { state: 'sent', confirmedBy });
  }

  /** Sends the chunks that a dashboard has not received, from `cursor.next` on. Returns false if its socket is full. */
  function replay(
    dashboard: DashboardConnection,
    commandId: string,
    cursor: { next: number },
  ): boolean {
    const buffer = state.terminalBuffers.get(commandId);
    if (!buffer) {
      dashboard.subscriptions.delete(commandId);
      return true;
    }
    const first = buffer.firstSequence();
    if (cursor.next < first) {
      send(dashboard, encode<HubToDashboard>(overflowMessage(buffer, cursor.next, first)));
      cursor.next = first;
    }
    while (cursor.next < buffer.nextSequence) {
      if (backpressure.pending(dashboard.link) > SLOW_BYTES) return false;
      const found = messageAt(buffer, cursor.next);
      if (found) send(dashboard, encode<HubToDashboard>(found.message));
      cursor.next = found?.next ?? cursor.next + 1;
    }
    if (!buffer.isComplete) {
      joinTopic(dashboard, commandId);
      return true;
    }
    send(dashboard, encode<HubToDashboard>(completeMessage(buffer)));
    awaitConfirmation(dashboard, commandId);
    return true;
  }

  /** Advances the cursors of a dashboard until all have reached the end or its socket is full. */
  function advance(dashboard: DashboardConnection) {
    if (dashboard.state !== 'CONNECTED') return;
    for (const [commandId, subscription] of dashboard.subscriptions) {
      if (subscription.state !== 'replay' || replay(dashboard, commandId, subscription)) continue;
      dashboard.slowSince ??= clock.monotonic();
      retryNextTick(dashboard);
      return;
    }
    dashboard.slowSince = null;
  }

  /** A socket that accepted everything at once emits no `drain`, so it is checked again in the next tick. */
  function retryNextTick(dashboard: DashboardConnection) {
    setImmediate(() => {
      if (dashboard.state === 'CONNECTED' && dashboard.link.bufferedBytes() <= SLOW_BYTES) {
        advance(dashboard);
      }
    });
  }

  /** Removes a slow dashboard from all live topics. From `sequence` on, cursors serve it. */
  function demote(dashboard: DashboardConnection, commandId: string, sequence: number) {
    dashboard.slowSince ??= clock.monotonic();
    for (const [id, subscription] of dashboard.subscriptions) {
      const buffer = state.terminalBuffers.get(id);
      if (subscription.state !== 'live' || !buffer) continue;
      leaveTopic(dashboard, id);
      const next = id === commandId ? sequence : buffer.nextSequence;
      dashboard.subscriptions.set(id, { state: 'replay', next });
    }
    retryNextTick(dashboard);
  }

  function liveDashboards(commandId: string) {
    return [...state.dashboards.values()].filter(
      ({ state: connection, subscriptions }) =>
        connection === 'CONNECTED' && subscriptions.get(commandId)?.state === 'live',
    );
  }

  function attach(dashboard: DashboardConnection, commandId: string, afterSequence: number) {
    if (dashboard.subscriptions.get(commandId)?.state === 'live') leaveTopic(dashboard, commandId);
    dashboard.subscriptions.set(commandId, { state: 'replay', next: afterSequence + 1 });
    advance(dashboard);
  }

  return {
    /** Publishes a new chunk to the live subscribers of its command. */
    publishChunk(commandId: string, chunk: OutputChunk) {
      const frame = encode<HubToDashboard>(chunkMessage(commandId, chunk));
      const bytes = byteLength(frame);
      for (const dashboard of liveDashboards(commandId)) {
        if (backpressure.pending(dashboard.link) > SLOW_BYTES) {
          demote(dashboard, commandId, chunk.sequence);
        } else {
          backpressure.add(dashboard.link, bytes);
        }
      }
      broadcast.toSubscribers(commandId, frame);
    },
    /** Publishes that a command's output is complete. Dashboards served by a cursor get this at the end of the replay. */
    publishComplete(buffer: TerminalBuffer) {
      const { commandId } = buffer;
      broadcast.toSubscribers(commandId, encode<HubToDashboard>(completeMessage(buffer)));
      for (const dashboard of liveDashboards(commandId)) {
        leaveTopic(dashboard, commandId);
        awaitConfirmation(dashboard, commandId);
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
    /**
     * Replays the held output of a command after a sequence, then follows it live. If the output is no longer held, sends
     * a gap with reason `expired` instead.
     * @throws {HubError} command_unknown
     */
    async attach(dashboard: DashboardConnection, commandId: string, afterSequence: number) {
      const buffer = state.terminalBuffers.get(commandId);
      if (buffer && maySee(state, dashboard, buffer.agentId)) {
        return attach(dashboard, commandId, afterSequence);
      }
      const command = await store.commands.find(commandId);
      if (!command || !maySee(state, dashboard, command.agentId))
        throw new HubError('command_unknown', 'Command not found.');
      const lastSequence = command.lastSequence ?? -1;
      const totalBytes = command.totalBytes ?? 0;
      if (afterSequence < lastSequence) {
        send(
          dashboard,
          encode<HubToDashboard>({
            type: 'terminal:gap',
            commandId,
            fromSequence: afterSequence + 1,
            toSequence: lastSequence + 1,
            // The sizes of single chunks are not known after the output was freed.
            bytes: afterSequence < 0 ? totalBytes : 0,
            reason: 'expired',
          }),
        );
      }
      send(
        dashboard,
        encode<HubToDashboard>({ type: 'terminal:complete', commandId, lastSequence, totalBytes }),
      );
    },
    /** Ends a dashboard's subscription to a command's output. */
    detach(dashboard: DashboardConnection, commandId: string) {
      if (dashboard.subscriptions.get(commandId)?.state === 'live') {
        leaveTopic(dashboard, commandId);
      }
      dashboard.subscriptions.delete(commandId);
    },
    /** Subscribes the dashboards that receive all output to a new command. */
    attachFollowers({ id, agentId }: { id: string; agentId: string }) {
      for (const dashboard of state.dashboards.values()) {
        const isFollower = dashboard.terminals === 'all' && maySee(state, dashboard, agentId);
        if (isFollower) attach(dashboard, id, -1);
      }
    },
    /** Continues after a socket has drained. */
    handleDrain(dashboard: DashboardConnection) {
      if (dashboard.slowSince !== null) dashboard.slowSince = clock.monotonic();
      advance(dashboard);
    },
    /** Closes dashboards that have not drained for 30 s, and retries the other slow ones. */
    sweep() {
      for (const dashboard of state.dashboards.values()) {
        if (dashboard.slowSince === null || dashboard.state !== 'CONNECTED') continue;
        if (clock.monotonic() - dashboard.slowSince < SLOW_MS) retryNextTick(dashboard);
        else dashboard.link.close(CloseCode.tryAgainLater, 'slow_consumer');
      }
    },
    /** Whether a dashboard is subscribed to a command's output, or may resume a subscription. */
    exist: (commandId: string) =>
      [...state.dashboards.values()].some(({ subscriptions }) => subscriptions.has(commandId)),
  };
}

function frameBytes(frame: string | Uint8Array): number {
  return typeof frame === 'string' ? byteLength(frame) : frame.byteLength;
}
