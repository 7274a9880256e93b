// Output against what the processes wrote: byte by byte, gaps by their announced sizes, per epoch.
import type { History, Known } from './history.ts';
import type { DashboardRecord } from './record.ts';
import type { Gap, Output, TerminalView } from './terminal-view.ts';

export interface OutputVerdict {
  flaws: string[];
  bytes: number;
  /** Gaps by their reason. */
  gaps: Record<Gap['reason'], number>;
}

/** What a decoder makes of a character that was cut off at the end of a stream. */
const CUT_CHARACTER = Buffer.from('\uFFFD');

export function checkOutput(history: History): OutputVerdict {
  const verdict: OutputVerdict = {
    flaws: [],
    bytes: 0,
    gaps: { buffer_overflow: 0, agent_overflow: 0, expired: 0 },
  };
  const wrote = createMemory(history);
  for (const record of history.records) {
    for (const [hubEpoch, views] of record.terminals) {
      for (const [commandId, view] of views) {
        const known = history.known.get(commandId);
        const flaws = known
          ? checkTerminal(history, known, view, hubEpoch, wrote)
          : [`output of ${commandId}, which is not in SQLite`];
        verdict.flaws.push(
          ...[...view.flaws, ...flaws].map(
            (flaw) => `${record.name} in ${hubEpoch.slice(-6)}: ${flaw}`,
          ),
        );
        for (const piece of view.pieces) {
          if (piece.kind === 'output') verdict.bytes += piece.data.length;
          else verdict.gaps[piece.reason] += 1;
        }
      }
    }
    verdict.flaws.push(...checkComplete(history, record));
  }
  return verdict;
}

/** In the end every dashboard has every terminal of the last epoch, whole. */
function checkComplete({ known }: History, record: DashboardRecord): string[] {
  const epoch = record.welcomes.at(-1)?.hubEpoch ?? '';
  const views = record.terminals.get(epoch);
  return [...known.values()].flatMap(({ spec, row }) =>
    views?.get(row.id)?.complete
      ? []
      : [`${record.name} never had the end of ${spec.name} (${row.status})`],
  );
}

type Wrote = (name: string, stream: Output['stream']) => Buffer;

function createMemory({ wrote }: History): Wrote {
  const known = new Map<string, Buffer>();
  return (name, stream) => {
    const key = `${name} ${stream}`;
    const bytes = known.get(key) ?? wrote(name, stream);
    known.set(key, bytes);
    return bytes;
  };
}

function checkTerminal(
  history: History,
  { spec, row }: Known,
  view: TerminalView,
  hubEpoch: string,
  wrote: Wrote,
): string[] {
  const { name } = spec;
  const flaws: string[] = [];
  const isWhole = row.status === 'completed' || (row.status === 'failed' && row.error === null);
  const outputs = view.pieces.filter((piece) => piece.kind === 'output');
  const gaps = view.pieces.filter((piece) => piece.kind === 'gap');
  if (spec.writesBoth)
    flaws.push(...checkStreams(name, outputs, gaps, isWhole && view.complete !== null, wrote));
  else flaws.push(...checkPlaces(name, outputs, wrote(name, 'stdout'), isWhole));
  const total = wrote(name, 'stdout').length + wrote(name, 'stderr').length;
  if (view.complete && isWhole && view.bytes !== total) {
    flaws.push(`${name} wrote ${total} bytes, and its terminal ended after ${view.bytes}`);
  }
  if (view.complete && isWhole && (row.totalBytes !== total || row.lastSequence === null)) {
    flaws.push(
      `${name} wrote ${total} bytes, and SQLite says ${row.totalBytes} up to ${row.lastSequence}`,
    );
  }
  // A character that was cut off counts three bytes, and was fewer.
  if (view.bytes > total + 2) {
    const lost = gaps.map(
      (gap) => `[${gap.sequence}, ${gap.to}) ${gap.at}+${gap.bytes} ${gap.reason}`,
    );
    flaws.push(
      `${name} wrote ${total} bytes, and its terminal has ${view.bytes}, lost: ${lost.join(', ')}`,
    );
  }
  for (const gap of gaps) {
    if (gap.reason !== 'expired' || history.plan.bufferMemory < 256) continue;
    const endedBefore = (row.completedAt ?? Infinity) <= history.beganAt(hubEpoch);
    if (!endedBefore && !history.wasSetBack) {
      flaws.push(`${name} is expired, and ended in this run of the hub`);
    }
  }
  return flaws;
}

/** One stream: each chunk is what the process wrote at that place. */
function checkPlaces(name: string, outputs: Output[], truth: Buffer, isWhole: boolean): string[] {
  const wrong = outputs.find(({ at, data, stream }, index) => {
    const isLast = index === outputs.length - 1;
    return stream !== 'stdout' || !isAt(data, truth, at, isLast && !isWhole);
  });
  return wrong
    ? [
        `${name}: chunk ${wrong.sequence} is not what was written at ${wrong.at}: ${sample(wrong.data, truth, wrong.at)}`,
      ]
    : [];
}

/** Two streams: only their own orders are known, and nothing of where a gap lies in each. */
function checkStreams(
  name: string,
  outputs: Output[],
  gaps: Gap[],
  isWhole: boolean,
  wrote: Wrote,
): string[] {
  if (gaps.length > 0) return [];
  return (['stdout', 'stderr'] as const).flatMap((stream) => {
    const seen = Buffer.concat(
      outputs.filter((one) => one.stream === stream).map((one) => one.data),
    );
    const truth = wrote(name, stream);
    if (isWhole ? seen.equals(truth) : isAt(seen, truth, 0, true)) return [];
    return [`${name}: ${stream} is not what was written: ${sample(seen, truth, 0)}`];
  });
}

function isAt(data: Buffer, truth: Buffer, at: number, mayBeCut: boolean): boolean {
  if (truth.subarray(at, at + data.length).equals(data)) return true;
  if (!mayBeCut || !data.subarray(-3).equals(CUT_CHARACTER)) return false;
  const rest = data.subarray(0, -3);
  return truth.subarray(at, at + rest.length).equals(rest);
}

function sample(data: Buffer, truth: Buffer, at: number): string {
  const first = data.findIndex((byte, index) => byte !== truth[at + index]);
  const from = Math.max(0, first - 20);
  const told = JSON.stringify(data.toString('utf8', from, first + 40));
  return `after ${first} bytes ${told} instead of ${JSON.stringify(truth.toString('utf8', at + from, at + first + 40))}`;
}
