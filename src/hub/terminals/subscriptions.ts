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
import type { HubContext } from '../context.ts';
import type { DashboardConnection, Subscription } from '../state/dashboard.ts';
import type { OutputChunk, TerminalBuffer } from '../state/terminal-buffer.ts';
import { createBackpressure } from './backpressure.ts';

export type Subscriptions = ReturnType<typeof createSubscriptions>;

export function createSubscriptions({ state, store, clock }: HubContext, broadcast: Broadcast) {
  const backpressure = createBackpressure();

  function send(dashboard: DashboardConnection, frame: string) {
    backpressure.add(dashboard.link, byteLength(frame));
    dashboard.link.send(frame);
  }

  function joinTopic(
    dashboard: DashboardConnection,
    commandId: string,
    subscription: Subscription,
  ) {
    subscription.isLive = true;
    dashboard.link.subscribe(topicFor(dashboard, terminalTopic(commandId)));
  }

  function leaveTopic(
    dashboard: DashboardConnection,
    commandId: string,
    subscription: Subscription,
    next: number,
  ) {
    subscription.isLive = false;
    subscription.next = next;
    dashboard.link.unsubscribe(topicFor(dashboard, terminalTopic(commandId)));
  }

  /** Sends the chunks that a dashboard has not received. False if its socket is full. */
  function sendPending(
    dashboard: DashboardConnection,
    commandId: string,
    subscription: Subscription,
  ): boolean {
    const buffer = state.terminalBuffers.get(commandId);
    if (!buffer) {
      dashboard.subscriptions.delete(commandId);
      return true;
    }
    const first = buffer.firstSequence();
    if (subscription.next < first) {
      send(dashboard, overflowFrame(buffer, subscription.next, first));
      subscription.next = first;
    }
    while (subscription.next < buffer.nextSequence) {
      if (backpressure.pending(dashboard.link) > SLOW_BYTES) return false;
      const chunk = buffer.read(subscription.next);
      if (chunk) send(dashboard, chunkFrame(commandId, chunk));
      subscription.next += 1;
    }
    if (!buffer.isComplete) {
      joinTopic(dashboard, commandId, subscription);
      return true;
    }
    send(dashboard, completeFrame(buffer));
    dashboard.subscriptions.delete(commandId);
    return true;
  }

  /** Advances the cursors of a dashboard until all have reached the end or its socket is full. */
  function advance(dashboard: DashboardConnection) {
    if (dashboard.state !== 'CONNECTED') return;
    for (const [commandId, subscription] of dashboard.subscriptions) {
      if (subscription.isLive || sendPending(dashboard, commandId, subscription)) continue;
      dashboard.slowSince ??= clock.now();
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
    dashboard.slowSince ??= clock.now();
    for (const [id, subscription] of dashboard.subscriptions) {
      const buffer = state.terminalBuffers.get(id);
      if (!subscription.isLive || !buffer) continue;
      const next = id === commandId ? sequence : buffer.nextSequence;
      leaveTopic(dashboard, id, subscription, next);
    }
    retryNextTick(dashboard);
  }

  function liveDashboards(commandId: string) {
    return [...state.dashboards.values()].filter(
      ({ state: connection, subscriptions }) =>
        connection === 'CONNECTED' && subscriptions.get(commandId)?.isLive === true,
    );
  }

  function attach(dashboard: DashboardConnection, commandId: string, afterSequence: number) {
    const existing = dashboard.subscriptions.get(commandId);
    if (existing?.isLive) leaveTopic(dashboard, commandId, existing, 0);
    dashboard.subscriptions.set(commandId, { isLive: false, next: afterSequence + 1 });
    advance(dashboard);
  }

  return {
    /** Publishes a new chunk to the live subscribers of its command. */
    publishChunk(commandId: string, chunk: OutputChunk) {
      const frame = chunkFrame(commandId, chunk);
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
      broadcast.toSubscribers(commandId, completeFrame(buffer));
      for (const dashboard of liveDashboards(commandId)) {
        dashboard.link.unsubscribe(topicFor(dashboard, terminalTopic(commandId)));
        dashboard.subscriptions.delete(commandId);
      }
    },
    /**
     * Replays the held output of a command after a sequence, then follows it live. If the output is no longer held, sends
     * a gap with reason `expired` instead.
     * @throws {HubError} command_unknown
     */
    async attach(dashboard: DashboardConnection, commandId: string, afterSequence: number) {
      if (state.terminalBuffers.has(commandId)) return attach(dashboard, commandId, afterSequence);
      const command = await store.commands.find(commandId);
      if (!command) throw new HubError('command_unknown', 'Command not found.');
      const lastSequence = command.lastSequence ?? -1;
      const totalBytes = command.totalBytes ?? 0;
      if (afterSequence < lastSequence) {
        send(
          dashboard,
          encode<HubToDashboard>({
            type: 'terminal:gap',
            commandId,
            // The whole output: the sizes of single chunks are not known after the output was freed.
            fromSequence: 0,
            toSequence: lastSequence + 1,
            bytes: totalBytes,
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
      const subscription = dashboard.subscriptions.get(commandId);
      if (subscription?.isLive) {
        dashboard.link.unsubscribe(topicFor(dashboard, terminalTopic(commandId)));
      }
      dashboard.subscriptions.delete(commandId);
    },
    /** Subscribes the dashboards that receive all output to a new command. */
    attachFollowers(commandId: string) {
      for (const dashboard of state.dashboards.values()) {
        if (dashboard.terminals !== 'all' || dashboard.state === 'DISCONNECTED') continue;
        attach(dashboard, commandId, -1);
      }
    },
    /** Continues after a socket has drained. */
    handleDrain(dashboard: DashboardConnection) {
      if (dashboard.slowSince !== null) dashboard.slowSince = clock.now();
      advance(dashboard);
    },
    /** Closes dashboards that have not drained for 30 s, and retries the other slow ones. */
    sweep() {
      for (const dashboard of state.dashboards.values()) {
        if (dashboard.slowSince === null || dashboard.state !== 'CONNECTED') continue;
        if (clock.now() - dashboard.slowSince < SLOW_MS) retryNextTick(dashboard);
        else dashboard.link.close(CloseCode.tryAgainLater, 'slow_consumer');
      }
    },
    /** Whether a dashboard is subscribed to a command's output, or may resume a subscription. */
    exist: (commandId: string) =>
      [...state.dashboards.values()].some(({ subscriptions }) => subscriptions.has(commandId)),
  };
}

/** The frame of a chunk: `terminal:output`, or `terminal:gap` for output that the agent dropped. */
function chunkFrame(commandId: string, chunk: OutputChunk): string {
  if (chunk.data !== '') {
    const { data, type: stream, sequence } = chunk;
    return encode<HubToDashboard>({ type: 'terminal:output', commandId, data, stream, sequence });
  }
  return encode<HubToDashboard>({
    type: 'terminal:gap',
    commandId,
    fromSequence: chunk.sequence,
    toSequence: chunk.sequence + 1,
    bytes: chunk.lostBytes,
    reason: 'agent_overflow',
  });
}

function overflowFrame(buffer: TerminalBuffer, from: number, to: number): string {
  return encode<HubToDashboard>({
    type: 'terminal:gap',
    commandId: buffer.commandId,
    fromSequence: from,
    toSequence: to,
    bytes: buffer.bytesBetween(from, to),
    reason: 'buffer_overflow',
  });
}

function completeFrame(buffer: TerminalBuffer): string {
  return encode<HubToDashboard>({
    type: 'terminal:complete',
    commandId: buffer.commandId,
    lastSequence: buffer.nextSequence - 1,
    totalBytes: buffer.writtenBytes,
  });
}
