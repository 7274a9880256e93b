// The messages that describe a command's output, for dashboards and for the API.
import type { HubToDashboard } from '../../protocol/hub-to-dashboard.ts';
import type { Unversioned } from '../../protocol/message.ts';
import type { OutputChunk, TerminalBuffer } from '../state/terminal-buffer.ts';

export type TerminalMessage = Extract<
  Unversioned<HubToDashboard>,
  { type: 'terminal:output' | 'terminal:gap' | 'terminal:complete' }
>;

/** `terminal:output`, or `terminal:gap` for output that the agent dropped. */
export function chunkMessage(commandId: string, chunk: OutputChunk): TerminalMessage {
  const { data, type: stream, sequence } = chunk;
  if (data !== '') return { type: 'terminal:output', commandId, data, stream, sequence };
  return {
    type: 'terminal:gap',
    commandId,
    fromSequence: sequence,
    toSequence: sequence + 1,
    bytes: chunk.lostBytes,
    reason: 'agent_overflow',
  };
}

/** The same, with the time of output. */
export function timedMessage(commandId: string, chunk: OutputChunk): TerminalMessage {
  const message = chunkMessage(commandId, chunk);
  return message.type === 'terminal:output' ? { ...message, timestamp: chunk.timestamp } : message;
}

/**
 * The message of a held chunk, with its time, and the sequence after it; undefined if it is not held. Gaps without output
 * in between are one message: an agent can send any number of them.
 */
export function messageAt(
  buffer: TerminalBuffer,
  sequence: number,
): { message: TerminalMessage; next: number } | undefined {
  const chunk = buffer.read(sequence);
  if (!chunk) return undefined;
  const message = timedMessage(buffer.commandId, chunk);
  let next = sequence + 1;
  if (message.type !== 'terminal:gap') return { message, next };
  while (buffer.read(next)?.data === '') next += 1;
  const bytes = buffer.bytesBetween(sequence, next);
  return { message: { ...message, toSequence: next, bytes }, next };
}

export function completeMessage(buffer: TerminalBuffer): TerminalMessage {
  return {
    type: 'terminal:complete',
    commandId: buffer.commandId,
    lastSequence: buffer.nextSequence - 1,
    totalBytes: buffer.writtenBytes,
  };
}
