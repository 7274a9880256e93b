// How output reaches one dashboard. One mechanism serves live, late, returning and slow dashboards: a cursor walks through
// the buffer, and the dashboard joins the live topic in the tick in which the cursor reaches the end. A dashboard that
// becomes slow leaves the topic and is served by its cursor again (docs/protocol.md, "Slow dashboards").
import type { HubToDashboard } from '../../protocol/hub-to-dashboard.ts';
import { BACKLOG_BYTES } from '../../protocol/limits.ts';
import type { Unversioned } from '../../protocol/message.ts';
import { terminalTopic, topicFor } from '../broadcast.ts';
import type { Compress } from '../compressor.ts';
import type { HubContext } from '../context.ts';
import { createFrame, type Frame, formFor } from '../frame.ts';
import type { DashboardConnection } from '../state/dashboard.ts';
import type { Frames } from './frames.ts';
import { completeMessage, messageAt, overflowMessage } from './terminal-messages.ts';

/** The bytes that may still be sent to a dashboard in this turn. */
interface Allowance {
  bytes: number;
}

export function createDelivery({ state, clock }: HubContext, frames: Frames, compress: Compress) {
  /** The dashboards whose cursors continue in the next tick. */
  const continuing = new Set<DashboardConnection>();

  /** Returns the size of what was sent. */
  function sendFrame(dashboard: DashboardConnection, frame: Frame): number {
    const form = formFor(dashboard, frame);
    dashboard.link.send(form);
    return typeof form === 'string' ? frame.bytes : form.byteLength;
  }

  /** Sends one message to one dashboard. Returns its size. */
  const send = (dashboard: DashboardConnection, message: Unversioned<HubToDashboard>) =>
    sendFrame(dashboard, createFrame(message, compress));

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

  function startCursor(dashboard: DashboardConnection, commandId: string, next: number) {
    dashboard.subscriptions.set(commandId, { state: 'replay', next });
    frames.keep(commandId);
  }

  /** Sends the chunks that a dashboard has not received, from `cursor.next` on. Returns false if it must wait. */
  function replay(
    dashboard: DashboardConnection,
    commandId: string,
    cursor: { next: number },
    allowance: Allowance,
  ): boolean {
    if (allowance.bytes < 0) return false;
    const buffer = state.terminalBuffers.get(commandId);
    if (!buffer) {
      dashboard.subscriptions.delete(commandId);
      return true;
    }
    const first = buffer.firstSequence();
    if (cursor.next < first) {
      allowance.bytes -= send(dashboard, overflowMessage(buffer, cursor.next, first));
      cursor.next = first;
    }
    while (cursor.next < buffer.nextSequence) {
      if (allowance.bytes < 0) return false;
      const chunk = buffer.read(cursor.next);
      const gap = chunk?.data === '' ? messageAt(buffer, cursor.next) : undefined;
      if (gap) allowance.bytes -= send(dashboard, gap.message);
      else if (chunk) allowance.bytes -= sendFrame(dashboard, frames.of(buffer, chunk));
      cursor.next = gap?.next ?? cursor.next + 1;
    }
    if (!buffer.isComplete) {
      joinTopic(dashboard, commandId);
      return true;
    }
    allowance.bytes -= send(dashboard, completeMessage(buffer));
    awaitConfirmation(dashboard, commandId);
    return true;
  }

  /** Advances the cursors of a dashboard. Returns whether all have reached the end. */
  function advanceCursors(dashboard: DashboardConnection): boolean {
    const { subscriptions } = dashboard;
    const allowance = { bytes: BACKLOG_BYTES - dashboard.link.bufferedBytes() };
    for (const [commandId, subscription] of subscriptions) {
      if (subscription.state !== 'replay') continue;
      if (replay(dashboard, commandId, subscription, allowance)) continue;
      // The last in the next turn, so that a command with much output does not hold up the others.
      subscriptions.delete(commandId);
      subscriptions.set(commandId, subscription);
      return false;
    }
    return true;
  }

  /** Advances the cursors of a dashboard until all have reached the end, or as much is waiting as a socket should hold. */
  function advance(dashboard: DashboardConnection) {
    if (dashboard.state !== 'CONNECTED') return;
    let isAtEnd = dashboard.link.bufferedBytes() <= BACKLOG_BYTES;
    const hasCursor = dashboard.subscriptions.values().some(({ state: at }) => at === 'replay');
    if (isAtEnd && hasCursor) {
      dashboard.link.cork(() => void (isAtEnd = advanceCursors(dashboard)));
    }
    if (isAtEnd) {
      dashboard.slowSince = null;
      return;
    }
    const isProgressing = dashboard.link.bufferedBytes() <= BACKLOG_BYTES;
    if (dashboard.slowSince === null || isProgressing) dashboard.slowSince = clock.monotonic();
    advanceInNextTick(dashboard);
  }

  /** A socket that accepted everything at once emits no `drain`. All such dashboards continue in the same tick. */
  function advanceInNextTick(dashboard: DashboardConnection) {
    if (continuing.size === 0) setImmediate(advanceContinuing);
    continuing.add(dashboard);
  }

  function advanceContinuing() {
    const dashboards = [...continuing];
    continuing.clear();
    for (const dashboard of dashboards) {
      if (dashboard.state !== 'CONNECTED') continue;
      if (dashboard.link.bufferedBytes() <= BACKLOG_BYTES) advance(dashboard);
    }
  }

  return {
    send,
    advance,
    advanceInNextTick,
    leaveTopic,
    awaitConfirmation,
    /** Sends the output of a command after a sequence, then follows it. Call `advance` afterwards. */
    attach(dashboard: DashboardConnection, commandId: string, afterSequence: number) {
      if (dashboard.subscriptions.get(commandId)?.state === 'live') {
        leaveTopic(dashboard, commandId);
      }
      startCursor(dashboard, commandId, afterSequence + 1);
    },
    /** Removes a slow dashboard from all live topics. From the next chunk on, cursors serve it. */
    demote(dashboard: DashboardConnection) {
      for (const [commandId, { state: at }] of dashboard.subscriptions) {
        const buffer = state.terminalBuffers.get(commandId);
        if (at !== 'live' || !buffer) continue;
        leaveTopic(dashboard, commandId);
        startCursor(dashboard, commandId, buffer.nextSequence);
      }
      dashboard.slowSince ??= clock.monotonic();
      advanceInNextTick(dashboard);
    },
  };
}
