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

/** The gap of chunks that the buffer dropped. */
export function overflowMessage(
  buffer: TerminalBuffer,
  fromSequence: number,
  toSequence: number,
): TerminalMessage {
  return {
    type: 'terminal:gap',
    commandId: buffer.commandId,
    fromSequence,
    toSequence,
    bytes: buffer.bytesBetween(fromSequence, toSequence),
    reason: 'buffer_overflow',
  };
}

export function completeMessage(buffer: TerminalBuffer): TerminalMessage {
  return {
    type: 'terminal:complete',
    commandId: buffer.commandId,
    lastSequence: buffer.nextSequence - 1,
    totalBytes: buffer.writtenBytes,
  };
}
