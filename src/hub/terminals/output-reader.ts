// Reads stored output, for dashboards, the API and the pages: one way, so that all of them receive the same messages.
import pLimit from 'p-limit';
import { wait } from '../../protocol/clock.ts';
import type { TerminalBuffer } from '../state/terminal-buffer.ts';
import type { StoredPage } from '../../store/store.ts';
import { type HubContext, keepsTranscripts } from '../context.ts';
import { createCountedWarning } from '../counted-warning.ts';
import {
  endOffset,
  type Position,
  readChunks,
  skipTo,
  type StoredEnd,
  type StoredPart,
} from './stored-messages.ts';

/** The pages that are read at once, for all readers. A page has about 256 KB of text. */
const READS_AT_ONCE = 4;
/** How often reading a page is tried, and the time between two tries. */
const MAX_TRIES = 3;
const RETRY_MS = 1_000;

export type OutputReader = ReturnType<typeof createOutputReader>;

export function createOutputReader(context: HubContext) {
  const { state, store, clock, log, settings, storeHealth } = context;
  const isKept = keepsTranscripts(settings);
  const limit = pLimit(READS_AT_ONCE);
  /** Pages that are being read: several readers can need the same one. */
  const reading = new Map<string, Promise<StoredPage | null>>();
  const warnUnreadable = createCountedWarning(clock, log, 'Could not read stored output.');
  /** The damaged blocks that were reported. */
  const damaged = new Set<string>();

  function readPage(commandId: string, sequence: number): Promise<StoredPage | null> {
    const key = `${commandId} ${sequence}`;
    const known = reading.get(key);
    if (known) return known;
    const page = limit(() => store.output.listFrom(commandId, sequence)).finally(() =>
      reading.delete(key),
    );
    reading.set(key, page);
    return page;
  }

  /** Returns null if it cannot be read. */
  async function tryPage(commandId: string, sequence: number) {
    for (let tries = 1; ; tries++) {
      try {
        return await readPage(commandId, sequence);
      } catch (error) {
        warnUnreadable({ commandId, error });
        if (tries === MAX_TRIES) return null;
        await wait(clock, RETRY_MS);
      }
    }
  }

  function reportDamage(commandId: string, { nextSequence, damage }: StoredPage) {
    const key = `${commandId} ${nextSequence}`;
    if (damaged.has(key)) return;
    damaged.add(key);
    log.error('Stored output is damaged. Readers receive a gap instead.', {
      commandId,
      reason: damage,
    });
  }

  /** The buffer that has dropped a chunk that is still being stored. */
  function findStoring(commandId: string, sequence: number): TerminalBuffer | null {
    const buffer = state.terminalBuffers.get(commandId);
    if (!buffer || storeHealth.writeFailure() !== null) return null;
    return sequence >= buffer.storedNextSequence ? buffer : null;
  }

  return {
    /**
     * Reads the next stored output from a position on: at least one part, unless the position has reached `findEnd`. The
     * position advances as the caller takes the parts. Output that is not stored and will not be is a gap.
     * @param findEnd where output is not read from the store: the buffer can drop chunks meanwhile
     */
    async read(
      commandId: string,
      position: Position,
      findEnd: () => StoredEnd,
    ): Promise<Iterator<StoredPart, undefined>> {
      // Rows that the buffer has dropped are deleted in batches.
      if (!isKept) return skipRest(commandId, position, findEnd());
      // The chunk before tells the offset.
      const isOffsetUnknown = position.offset === null && position.next > 0;
      for (let from = isOffsetUnknown ? position.next - 1 : position.next; ;) {
        const page = await tryPage(commandId, from);
        const end = findEnd();
        if (page?.damage) {
          reportDamage(commandId, page);
          from = page.nextSequence;
        } else if (page && page.nextSequence <= position.next) {
          const last = page.chunks.at(-1);
          if (last?.sequence === position.next - 1) position.offset ??= endOffset(last);
          from = position.next;
        } else if (position.next < end.next && isAhead(page, end)) {
          return readChunks(commandId, page.chunks, position, end);
        } else {
          const storing = findStoring(commandId, position.next);
          if (!storing) return skipRest(commandId, position, end);
          await storing.whenWritten();
        }
      }
    },
    /** Resolves when everything that the buffer of a command has dropped is stored, or cannot be. */
    async whenStored(commandId: string): Promise<void> {
      for (;;) {
        const first = state.terminalBuffers.get(commandId)?.firstSequence() ?? 0;
        const storing = first > 0 ? findStoring(commandId, first - 1) : null;
        if (!storing) return;
        await storing.whenWritten();
      }
    },
  };
}

/** Whether a page has output before the end. */
function isAhead(page: StoredPage | null, end: StoredEnd): page is StoredPage {
  return (page?.chunks.at(0)?.sequence ?? Infinity) < end.next;
}

function* skipRest(
  commandId: string,
  position: Position,
  end: StoredEnd,
): Generator<StoredPart, undefined> {
  if (position.next < end.next) {
    yield { message: skipTo(commandId, position, end, end.reason) };
  }
}
