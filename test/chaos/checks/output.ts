// Checks output against what the commands wrote, byte by byte, including the reported sizes of gaps.
import type { DashboardRecord } from '../dashboard/record.ts';
import { endedByItself, type History, type PlannedCommand } from '../history.ts';
import type { CommandSpec } from '../workload.ts';
import type { GapPiece, OutputPiece, TerminalView } from '../dashboard/terminal-view.ts';

export interface OutputResult {
  violations: string[];
  bytes: number;
  /** The number of gaps by reason. */
  gaps: Record<GapPiece['reason'], number>;
}

/** What a decoder returns for a character that is cut off at the end of a stream. */
const REPLACEMENT_CHARACTER = Buffer.from('\uFFFD');

/** A command writes a line to its file before its output: one line may be lost when it is stopped. */
const LONGEST_LINE_BYTES = 64;

type ReadWritten = (name: string, stream: OutputPiece['stream']) => Buffer;

/** @param isSettled whether everything has arrived that ever will */
export function checkOutput(history: History, isSettled: boolean): OutputResult {
  const result: OutputResult = {
    violations: [],
    bytes: 0,
    gaps: { buffer_overflow: 0, agent_overflow: 0, expired: 0, skipped: 0 },
  };
  const readWritten = createCache(history.readWritten);
  for (const record of history.records) {
    for (const { commandId, view, hubEpochs } of record.terminals) {
      const command = history.planned.get(commandId);
      const violations = command
        ? checkTerminal(history, command, view, hubEpochs, readWritten)
        : [`received output of ${commandId}, which is not stored`];
      const source = `${record.name} in ${hubEpochs.map((epoch) => epoch.slice(-6)).join(', ')}`;
      result.violations.push(
        ...[...view.violations, ...violations].map((violation) => `${source}: ${violation}`),
      );
      for (const piece of view.pieces) {
        if (piece.kind === 'output') result.bytes += piece.data.length;
        else result.gaps[piece.reason] += 1;
      }
    }
    if (isSettled) result.violations.push(...checkComplete(history, record));
  }
  return result;
}

/** At the end, every dashboard has every terminal completely. */
function checkComplete({ planned }: History, record: DashboardRecord): string[] {
  return [...planned.values()].flatMap(({ spec, row }) =>
    record.findTerminal(row.id)?.complete
      ? []
      : [`${record.name} did not receive all output of ${spec.name} (${row.status})`],
  );
}

function createCache(readWritten: ReadWritten): ReadWritten {
  const cache = new Map<string, Buffer>();
  return (name, stream) => {
    const key = `${name} ${stream}`;
    const bytes = cache.get(key) ?? readWritten(name, stream);
    cache.set(key, bytes);
    return bytes;
  };
}

function checkTerminal(
  history: History,
  command: PlannedCommand,
  view: TerminalView,
  hubEpochs: readonly string[],
  readWritten: ReadWritten,
): string[] {
  const { spec, row } = command;
  const { name } = spec;
  const violations: string[] = [];
  const isWhole = endedByItself(row);
  const outputs = view.pieces.filter((piece) => piece.kind === 'output');
  const gaps = view.pieces.filter((piece) => piece.kind === 'gap');
  violations.push(...checkStoredSize(command, view));
  if (spec.asks !== null) {
    const isComplete = isWhole && view.complete !== null && gaps.length === 0;
    return isComplete ? [...violations, ...checkTranscript(history, spec, outputs)] : violations;
  }
  if (spec.usesBothStreams) {
    if (gaps.length === 0) {
      violations.push(
        ...checkStreams(name, outputs, isWhole && view.complete !== null, readWritten),
      );
    }
  } else violations.push(...checkOffsets(name, outputs, readWritten(name, 'stdout'), isWhole));
  const total = readWritten(name, 'stdout').length + readWritten(name, 'stderr').length;
  if (view.complete && isWhole && view.bytes !== total) {
    violations.push(`${name} wrote ${total} bytes, but its terminal ended after ${view.bytes}`);
  }
  if (view.complete && isWhole && (row.totalBytes !== total || row.lastSequence === null)) {
    violations.push(
      `${name} wrote ${total} bytes, but ${row.totalBytes} are stored, up to sequence ${row.lastSequence}`,
    );
  }
  // The replacement of a character that was cut off has three bytes, up to two more than what was written of it.
  if (view.bytes > total + 2) {
    const lost = gaps.map(
      (gap) => `[${gap.sequence}, ${gap.to}) ${gap.offset}+${gap.bytes} ${gap.reason}`,
    );
    violations.push(
      `${name} wrote ${total} bytes, but its terminal has ${view.bytes}, with gaps ${lost.join(', ')}`,
    );
  }
  if (view.complete && keepsOutput(history, command) && total - view.bytes > LONGEST_LINE_BYTES) {
    violations.push(
      `${name} was stopped after it wrote ${total} bytes, but its terminal has ${view.bytes}`,
    );
  }
  for (const gap of gaps) {
    if (gap.reason !== 'expired' || history.plan.bufferMemoryMb < 256) continue;
    const starts = hubEpochs.map((hubEpoch) => history.epochStart(hubEpoch));
    const endedBefore = (row.completedAt ?? Infinity) <= Math.max(...starts);
    if (!endedBefore && !history.hasClockSetBack) {
      violations.push(`the output of ${name} has expired although it ended in this run of the hub`);
    }
  }
  return violations;
}

/** The size that is stored for an ended command is the one that dashboards received. */
function checkStoredSize(
  { spec: { name }, row }: PlannedCommand,
  { complete }: TerminalView,
): string[] {
  if (!complete) return [];
  const { lastSequence, totalBytes } = complete;
  if (row.lastSequence === lastSequence && row.totalBytes === totalBytes) return [];
  const stored = `${row.totalBytes} bytes up to ${row.lastSequence}`;
  return [`${name} has ${totalBytes} bytes up to ${lastSequence}, but ${stored} are stored`];
}

/** Whether all output of a stopped command must arrive, because its agent kept it. */
function keepsOutput(history: History, { spec, row }: PlannedCommand): boolean {
  const faults = history.agentFaults.get(row.agentId);
  const isStopped = row.status === 'interrupted' || row.error?.code === 'timeout';
  return (
    isStopped &&
    spec.writesLines &&
    faults?.kills === 0 &&
    faults.journalLosses === 0 &&
    !history.hasClockJump
  );
}

/** The output of a prompt contains what its program wrote, in order. */
function checkTranscript(
  { answered }: History,
  { name }: CommandSpec,
  outputs: OutputPiece[],
): string[] {
  const text = Buffer.concat(outputs.map(({ data }) => data)).toString();
  const answers = answered.flatMap((mark) => (mark.name.startsWith(`${name} `) ? [mark.name] : []));
  let from = 0;
  for (const line of [`${name} begins é✓🚦`, ...answers, `${name} ends`]) {
    const index = text.indexOf(line, from);
    if (index < 0) return [`the output of ${name} lacks "${line}": ${JSON.stringify(text)}`];
    from = index + line.length;
  }
  return [];
}

/** With one stream, each chunk is what the process wrote at its offset. */
function checkOffsets(
  name: string,
  outputs: OutputPiece[],
  written: Buffer,
  isWhole: boolean,
): string[] {
  const wrong = outputs.find(({ offset, data, stream }, index) => {
    const isLast = index === outputs.length - 1;
    return stream !== 'stdout' || !isAt(data, written, offset, isLast && !isWhole);
  });
  if (!wrong) return [];
  const { sequence, data, offset } = wrong;
  const difference = describeDifference(data, written, offset);
  return [`${name}: chunk ${sequence} is not what was written at ${offset}: ${difference}`];
}

/** With two streams and no gaps, each stream is what the process wrote to it; their interleaving is not known. */
function checkStreams(
  name: string,
  outputs: OutputPiece[],
  isWhole: boolean,
  readWritten: ReadWritten,
): string[] {
  return (['stdout', 'stderr'] as const).flatMap((stream) => {
    const received = Buffer.concat(
      outputs.filter((piece) => piece.stream === stream).map((piece) => piece.data),
    );
    const written = readWritten(name, stream);
    if (isWhole ? received.equals(written) : isAt(received, written, 0, true)) return [];
    const difference = describeDifference(received, written, 0);
    return [`${name}: ${stream} is not what was written: ${difference}`];
  });
}

/** Whether `data` is at `offset` in `written`; if `mayBeCut`, its last character may be incomplete. */
function isAt(data: Buffer, written: Buffer, offset: number, mayBeCut: boolean): boolean {
  if (written.subarray(offset, offset + data.length).equals(data)) return true;
  if (!mayBeCut || !data.subarray(-3).equals(REPLACEMENT_CHARACTER)) return false;
  const rest = data.subarray(0, -3);
  return written.subarray(offset, offset + rest.length).equals(rest);
}

function describeDifference(data: Buffer, written: Buffer, offset: number): string {
  const first = data.findIndex((byte, index) => byte !== written[offset + index]);
  const from = Math.max(0, first - 20);
  const received = JSON.stringify(data.toString('utf8', from, first + 40));
  const expected = JSON.stringify(written.toString('utf8', offset + from, offset + first + 40));
  return `after ${first} bytes, ${received} instead of ${expected}`;
}
