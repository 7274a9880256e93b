// Writes command output to the terminal: as is, as JSON lines, or prefixed with the name of the agent.
import type { GapReason, HubToDashboard, TerminalGap } from '../protocol/hub-to-dashboard.ts';
import type { OutputStream } from '../protocol/entities.ts';
import { createTerminalFilter } from './terminal-filter.ts';
import { write, writeError, writeOut } from './output.ts';
import { toJson } from './json.ts';

export type OutputWriter = (message: HubToDashboard) => void;

/**
 * Creates a writer of output, which writes the command's ID and gaps to stderr.
 * @param isRaw whether to write escape sequences to a terminal that could control it
 */
export function createPlainWriter({ isRaw = false } = {}): OutputWriter {
  const clean = createCleaner(isRaw);
  return (message) => {
    if (message.type === 'command:accepted') writeError(`Command ID: ${message.commandId}\n`);
    if (message.type === 'terminal:output') {
      write(message.stream, clean(message.stream, message.data));
    }
    if (message.type === 'terminal:gap') writeError(`${describeGap(message)}\n`);
  };
}

/** Creates a function that filters text for the streams that are terminals. */
function createCleaner(isRaw: boolean): (stream: OutputStream, text: string) => string {
  const filters = { stdout: createTerminalFilter(), stderr: createTerminalFilter() };
  return (stream, text) => (isRaw || !process[stream].isTTY ? text : filters[stream](text));
}

/** Writes every message as one line of JSON. */
export const writeJson: OutputWriter = (message) => {
  writeOut(`${toJson(message)}\n`);
};

/** Writes whole lines with a prefix, so that the output of several agents can be told apart. */
export function createPrefixedWriter(prefix: string): OutputWriter {
  let buffered = '';
  const clean = createCleaner(false);
  const writeLines = (text: string) => {
    for (const line of text.split('\n')) {
      writeOut(`${prefix} │ ${line.replace(/\r$/, '')}\n`);
    }
  };
  const flush = (end: number) => {
    if (end > 0) writeLines(buffered.slice(0, end).replace(/\n$/, ''));
    buffered = buffered.slice(end);
  };
  return (message) => {
    if (message.type === 'terminal:output') buffered += clean('stdout', message.data);
    flush(buffered.lastIndexOf('\n') + 1);
    if (message.type === 'terminal:gap') {
      flush(buffered.length);
      writeLines(describeGap(message));
    }
    if (message.type === 'terminal:complete') flush(buffered.length);
  };
}

const gapReasons: Readonly<Record<GapReason, string>> = {
  buffer_overflow: 'terminal buffer overflow on the hub',
  agent_overflow: 'buffer overflow on the agent',
  expired: 'no longer available on the hub',
  skipped: 'not requested',
};

const number = new Intl.NumberFormat('en-US');

function describeGap({ bytes, reason }: TerminalGap): string {
  const amount =
    bytes > 0 ? `${number.format(bytes)} bytes of output are missing` : 'Output is missing';
  return `[${amount}: ${gapReasons[reason]}]`;
}
