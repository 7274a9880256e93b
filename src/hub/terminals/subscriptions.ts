// How output reaches dashboards. One mechanism for live, late, returning and slow readers: a cursor walks through the
// buffer, and the reader joins the topic in the very tick the cursor meets the end; a slow one leaves it again.
import { encode } from '../../protocol/codec.ts';
import { Refusal } from '../../protocol/errors.ts';
import type { HubToDashboard } from '../../protocol/hub-to-dashboard.ts';
import { SLOW_BYTES, SLOW_MS } from '../../protocol/limits.ts';
import { CloseCode } from '../../protocol/close-codes.ts';
import { byteLength } from '../../protocol/text.ts';
import { type Authority, terminalTopic, topicFor } from '../broadcast.ts';
import type { DashboardConnection, Reader } from '../state/dashboard.ts';
import { createFlow } from './backpressure.ts';
import type { HubContext } from '../state/server-state.ts';
import type { OutputChunk, TerminalBuffer } from '../state/terminal-buffer.ts';

export type Readers = ReturnType<typeof createReaders>;

export function createReaders({ state, store, clock }: HubContext, authority: Authority) {
  const flow = createFlow();

  /** Sends to one dashboard, counted. */
  function send(dashboard: DashboardConnection, frame: string) {
    flow.add(dashboard.link, byteLength(frame));
    dashboard.link.send(frame);
  }

  function join(dashboard: DashboardConnection, commandId: string, reader: Reader) {
    reader.live = true;
    dashboard.link.subscribe(topicFor(dashboard, terminalTopic(commandId)));
  }

  function leave(dashboard: DashboardConnection, commandId: string, reader: Reader, next: number) {
    reader.live = false;
    reader.next = next;
    dashboard.link.unsubscribe(topicFor(dashboard, terminalTopic(commandId)));
  }

  /** Sends what one reader has not had. False when the socket is full. */
  function walk(dashboard: DashboardConnection, commandId: string, reader: Reader): boolean {
    const buffer = state.terminalBuffers.get(commandId);
    if (!buffer) {
      dashboard.readers.delete(commandId);
      return true;
    }
    const first = buffer.firstSequence();
    if (reader.next < first) {
      send(dashboard, gapFrame(commandId, reader.next, first, buffer));
      reader.next = first;
    }
    while (reader.next < buffer.nextSequence) {
      if (flow.pending(dashboard.link) > SLOW_BYTES) return false;
      const chunk = buffer.read(reader.next);
      if (chunk) send(dashboard, chunkFrame(commandId, chunk));
      reader.next += 1;
    }
    if (!buffer.isComplete) {
      join(dashboard, commandId, reader);
      return true;
    }
    send(dashboard, completeFrame(buffer));
    dashboard.readers.delete(commandId);
    return true;
  }

  /** Goes on with every cursor of a dashboard, until all have met their ends or the socket is full. */
  function advance(dashboard: DashboardConnection) {
    if (dashboard.state !== 'CONNECTED') return;
    for (const [commandId, reader] of dashboard.readers) {
      if (reader.live || walk(dashboard, commandId, reader)) continue;
      dashboard.slowSince ??= clock.now();
      lookAgain(dashboard);
      return;
    }
    dashboard.slowSince = null;
  }

  /** A socket that took everything at once never drains: look again in the next tick, and leave the rest to `drain`. */
  function lookAgain(dashboard: DashboardConnection) {
    setImmediate(() => {
      if (dashboard.state === 'CONNECTED' && dashboard.link.buffered() <= SLOW_BYTES) {
        advance(dashboard);
      }
    });
  }

  /** Takes a dashboard that does not keep up off its topics: from `sequence` on, its own cursors serve it. */
  function stall(dashboard: DashboardConnection, commandId: string, sequence: number) {
    dashboard.slowSince ??= clock.now();
    for (const [id, reader] of dashboard.readers) {
      const buffer = state.terminalBuffers.get(id);
      if (!reader.live || !buffer) continue;
      leave(dashboard, id, reader, id === commandId ? sequence : buffer.nextSequence);
    }
    lookAgain(dashboard);
  }

  function liveReaders(commandId: string) {
    return [...state.dashboards.values()].filter(
      ({ state: connection, readers }) =>
        connection === 'CONNECTED' && readers.get(commandId)?.live === true,
    );
  }

  function attach(dashboard: DashboardConnection, commandId: string, afterSequence: number) {
    const known = dashboard.readers.get(commandId);
    if (known?.live) leave(dashboard, commandId, known, 0);
    dashboard.readers.set(commandId, { live: false, next: afterSequence + 1 });
    advance(dashboard);
  }

  return {
    /** Shows a numbered chunk to all live readers of its command. */
    numbered(commandId: string, chunk: OutputChunk) {
      const frame = chunkFrame(commandId, chunk);
      const bytes = byteLength(frame);
      for (const dashboard of liveReaders(commandId)) {
        if (flow.pending(dashboard.link) > SLOW_BYTES) stall(dashboard, commandId, chunk.sequence);
        else flow.add(dashboard.link, bytes);
      }
      authority.tellReaders(commandId, frame);
    },
    /** Says that all output has been sent, to those who have had all; the others' cursors will meet it. */
    completed(commandId: string) {
      const buffer = state.terminalBuffers.get(commandId);
      if (!buffer) return;
      authority.tellReaders(commandId, completeFrame(buffer));
      for (const dashboard of liveReaders(commandId)) {
        dashboard.link.unsubscribe(topicFor(dashboard, terminalTopic(commandId)));
        dashboard.readers.delete(commandId);
      }
    },
    attach,
    /**
     * Replays what is held of a command after a sequence, then follows it; where nothing is held any more, says so.
     * @throws {Refusal} command_unknown
     */
    async attachOrExplain(dashboard: DashboardConnection, commandId: string, after: number) {
      if (state.terminalBuffers.has(commandId)) return attach(dashboard, commandId, after);
      const command = await store.commands.find(commandId);
      if (!command) throw new Refusal('command_unknown', 'There is no such command.');
      const lastSequence = command.lastSequence ?? -1;
      const totalBytes = command.totalBytes ?? 0;
      if (after < lastSequence) {
        send(
          dashboard,
          encode<HubToDashboard>({
            type: 'terminal:gap',
            commandId,
            // Of the whole: where its pieces lay went with them, and a part could not be measured.
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
    detach(dashboard: DashboardConnection, commandId: string) {
      const reader = dashboard.readers.get(commandId);
      if (reader?.live) dashboard.link.unsubscribe(topicFor(dashboard, terminalTopic(commandId)));
      dashboard.readers.delete(commandId);
    },
    /** Opens a new command to the dashboards that follow everything. */
    follow(commandId: string) {
      for (const dashboard of state.dashboards.values()) {
        if (dashboard.terminals !== 'all' || dashboard.state === 'DISCONNECTED') continue;
        attach(dashboard, commandId, -1);
      }
    },
    /** The socket has room again. */
    drained(dashboard: DashboardConnection) {
      if (dashboard.slowSince !== null) dashboard.slowSince = clock.now();
      advance(dashboard);
    },
    /** Closes dashboards that have not drained for 30 s, and looks after the other slow ones. */
    sweep() {
      for (const dashboard of state.dashboards.values()) {
        if (dashboard.slowSince === null || dashboard.state !== 'CONNECTED') continue;
        if (clock.now() - dashboard.slowSince < SLOW_MS) lookAgain(dashboard);
        else dashboard.link.close(CloseCode.tryAgainLater, 'slow_consumer');
      }
    },
    /** Whether somebody is attached to a command, or may come back to it. */
    isFollowed: (commandId: string) =>
      [...state.dashboards.values()].some(({ readers }) => readers.has(commandId)),
  };
}

/** A chunk as dashboards get it: output, or the gap it stands for. */
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

function gapFrame(commandId: string, from: number, to: number, buffer: TerminalBuffer): string {
  return encode<HubToDashboard>({
    type: 'terminal:gap',
    commandId,
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
