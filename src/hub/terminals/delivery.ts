// How output reaches one dashboard. One mechanism serves live, late, returning and slow dashboards: a cursor walks through
// what is stored and then through the buffer, and the dashboard joins the live topic in the tick in which the cursor
// reaches the end. A dashboard that becomes slow leaves the topic and is served by its cursor again (docs/protocol.md,
// "Slow dashboards").
import type { HubToDashboard } from '../../protocol/hub-to-dashboard.ts';
import { BACKLOG_BYTES } from '../../protocol/limits.ts';
import type { Unversioned } from '../../protocol/message.ts';
import { terminalTopic, topicFor } from '../broadcast.ts';
import type { Compress } from '../compressor.ts';
import type { HubContext } from '../context.ts';
import { createFrame, type Frame, formFor } from '../frame.ts';
import type { Attachment, Cursor, DashboardConnection } from '../state/dashboard.ts';
import type { Frames } from './frames.ts';
import type { OutputReader } from './output-reader.ts';
import type { Position, StoredEnd } from './stored-messages.ts';
import { completeMessage, messageAt } from './terminal-messages.ts';

/** The bytes that may still be sent to a dashboard in this turn. */
interface Allowance {
  bytes: number;
}

export type Delivery = ReturnType<typeof createDelivery>;

export function createDelivery(
  { state, clock }: HubContext,
  { frames, compress, reader }: { frames: Frames; compress: Compress; reader: OutputReader },
) {
  /** The dashboards whose cursors continue in the next tick. */
  const continuing = new Set<DashboardConnection>();

  /** Returns the size of what was sent. */
  function sendFrame(dashboard: DashboardConnection, frame: Frame): number {
    const form = formFor(dashboard, frame);
    dashboard.link.send(form);
    return typeof form === 'string' ? frame.bytes() : form.byteLength;
  }

  /** Sends one message to one dashboard. Returns its size. */
  const send = (dashboard: DashboardConnection, message: Unversioned<HubToDashboard>) =>
    sendFrame(dashboard, createFrame(message, compress));

  function joinTopic(dashboard: DashboardConnection, commandId: string, attachment: Attachment) {
    dashboard.subscriptions.set(commandId, { state: 'live', attachment });
    dashboard.link.subscribe(topicFor(dashboard, terminalTopic(commandId)));
  }

  function leaveTopic(dashboard: DashboardConnection, commandId: string) {
    dashboard.link.unsubscribe(topicFor(dashboard, terminalTopic(commandId)));
  }

  /** Keeps a completed subscription until a pong confirms that its output arrived: the socket may be half-open. */
  function awaitConfirmation(
    dashboard: DashboardConnection,
    commandId: string,
    attachment: Attachment,
  ) {
    const confirmedBy = dashboard.lastPing + 1;
    dashboard.subscriptions.set(commandId, { state: 'sent', confirmedBy, attachment });
  }

  function startCursor(
    dashboard: DashboardConnection,
    commandId: string,
    position: Readonly<Position>,
    attachment: Attachment,
  ): Cursor {
    const cursor: Cursor = {
      ...position,
      state: 'replay',
      attachment,
      storedEnd: null,
      page: null,
      isWaiting: false,
    };
    dashboard.subscriptions.set(commandId, cursor);
    frames.keep(commandId);
    return cursor;
  }

  /** Where the output of a command is not read from the store: at the first chunk of its buffer, or at its end. */
  function findStoredEnd(commandId: string, { storedEnd, next }: Cursor): StoredEnd {
    if (storedEnd) {
      const { lastSequence, totalBytes } = storedEnd;
      return { next: lastSequence + 1, offset: totalBytes, reason: 'expired' };
    }
    const buffer = state.terminalBuffers.get(commandId);
    if (!buffer) return { next, offset: null, reason: 'expired' };
    return {
      next: buffer.firstSequence(),
      offset: buffer.firstOffset(),
      reason: 'buffer_overflow',
    };
  }

  /** Whether a dashboard is still served by this cursor. */
  const isCurrent = (dashboard: DashboardConnection, commandId: string, cursor: Cursor) =>
    dashboard.state === 'CONNECTED' && dashboard.subscriptions.get(commandId) === cursor;

  /** Reads the next page for the first cursor that needs one: each dashboard has one page at a time. */
  function readNextPage(dashboard: DashboardConnection) {
    const { subscriptions } = dashboard;
    let next: [string, Cursor] | undefined;
    for (const [commandId, cursor] of subscriptions) {
      if (cursor.state !== 'replay') continue;
      if (cursor.page) return;
      if (cursor.isWaiting || next) continue;
      if (cursor.next < findStoredEnd(commandId, cursor).next) next = [commandId, cursor];
    }
    if (!next || dashboard.isReadingOutput) return;
    const [commandId, cursor] = next;
    // It becomes the last one, so that a command with much output does not delay the others.
    subscriptions.delete(commandId);
    subscriptions.set(commandId, cursor);
    dashboard.isReadingOutput = true;
    cursor.isWaiting = true;
    void reader
      .read(commandId, cursor, () => findStoredEnd(commandId, cursor))
      .then((page) => {
        dashboard.isReadingOutput = false;
        cursor.isWaiting = false;
        if (isCurrent(dashboard, commandId, cursor)) cursor.page = page;
        advance(dashboard);
      });
  }

  /** Sends the page that was read. Returns false if the socket is full. */
  function replayPage(
    dashboard: DashboardConnection,
    commandId: string,
    cursor: Cursor,
    allowance: Allowance,
  ): boolean {
    while (cursor.page) {
      if (allowance.bytes < 0) return false;
      const { value: part } = cursor.page.next();
      if (!part) cursor.page = null;
      else if ('message' in part) allowance.bytes -= send(dashboard, part.message);
      else {
        const stored = { commandId, firstSequence: () => 0 };
        allowance.bytes -= sendFrame(dashboard, frames.of(stored, part.chunk));
      }
    }
    return true;
  }

  /** Sends what a dashboard has not received, from its cursor on. Returns false if its socket is full. */
  function replay(
    dashboard: DashboardConnection,
    commandId: string,
    cursor: Cursor,
    allowance: Allowance,
  ): boolean {
    if (allowance.bytes < 0) return false;
    if (cursor.isWaiting) return true;
    if (!replayPage(dashboard, commandId, cursor, allowance)) return false;
    if (cursor.next < findStoredEnd(commandId, cursor).next) return true;
    if (cursor.storedEnd) {
      allowance.bytes -= send(dashboard, {
        type: 'terminal:complete',
        commandId,
        ...cursor.storedEnd,
      });
      awaitConfirmation(dashboard, commandId, cursor.attachment);
      return true;
    }
    const buffer = state.terminalBuffers.get(commandId);
    if (!buffer) {
      dashboard.subscriptions.delete(commandId);
      return true;
    }
    while (cursor.next < buffer.nextSequence) {
      if (allowance.bytes < 0) {
        cursor.offset = buffer.offsetOf(cursor.next) ?? null;
        return false;
      }
      const chunk = buffer.read(cursor.next);
      const gap = chunk?.data === '' ? messageAt(buffer, cursor.next) : undefined;
      if (gap) allowance.bytes -= send(dashboard, gap.message);
      else if (chunk) allowance.bytes -= sendFrame(dashboard, frames.of(buffer, chunk));
      cursor.next = gap?.next ?? cursor.next + 1;
    }
    cursor.offset = buffer.writtenBytes;
    if (!buffer.isComplete) {
      joinTopic(dashboard, commandId, cursor.attachment);
      return true;
    }
    allowance.bytes -= send(dashboard, completeMessage(buffer));
    awaitConfirmation(dashboard, commandId, cursor.attachment);
    return true;
  }

  /** Advances the cursors of a dashboard. Returns whether all have reached the end. */
  function advanceCursors(dashboard: DashboardConnection): boolean {
    const { subscriptions } = dashboard;
    const allowance = { bytes: BACKLOG_BYTES - dashboard.link.bufferedBytes() };
    for (const [commandId, subscription] of subscriptions) {
      if (subscription.state !== 'replay') continue;
      if (replay(dashboard, commandId, subscription, allowance)) continue;
      // It becomes the last one, so that a command with much output does not delay the others.
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
      if (hasCursor) readNextPage(dashboard);
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
    /** Sends the output of a command from a position on, then follows it. Call `advance` afterwards. */
    attach(
      dashboard: DashboardConnection,
      commandId: string,
      position: Readonly<Position>,
      attachment: Attachment,
    ): Cursor {
      if (dashboard.subscriptions.get(commandId)?.state === 'live') {
        leaveTopic(dashboard, commandId);
      }
      return startCursor(dashboard, commandId, position, attachment);
    },
    isCurrent,
    /** Removes a slow dashboard from all live topics. From the next chunk on, cursors serve it. */
    demote(dashboard: DashboardConnection) {
      for (const [commandId, { state: at, attachment }] of dashboard.subscriptions) {
        const buffer = state.terminalBuffers.get(commandId);
        if (at !== 'live' || !buffer) continue;
        leaveTopic(dashboard, commandId);
        const { nextSequence: next, writtenBytes: offset } = buffer;
        startCursor(dashboard, commandId, { next, offset }, attachment);
      }
      dashboard.slowSince ??= clock.monotonic();
      advanceInNextTick(dashboard);
    },
  };
}
