// Which terminal buffers are freed when the output of all commands needs more memory than it may. Thousands of small
// buffers can be held, so none of this looks at all of them for each command.
import type { HubContext } from '../context.ts';
import type { TerminalBuffer } from '../state/terminal-buffer.ts';

interface Candidate {
  buffer: TerminalBuffer;
  lastRead: number;
}

/** Minimum time between two listings that found nothing to free. */
const RETRY_LISTING_MS = 1_000;

/**
 * @param isInUse whether a dashboard still needs a buffer
 * @param free frees a buffer
 */
export function createBufferMemory(
  { settings, clock }: Pick<HubContext, 'settings' | 'clock'>,
  isInUse: (buffer: TerminalBuffer) => boolean,
  free: (buffer: TerminalBuffer) => void,
) {
  const unfinished = new Set<TerminalBuffer>();
  const finished = new Set<TerminalBuffer>();
  let finishedBytes = 0;
  /** Finished buffers, the least recently read at the end. Those read since then are skipped. */
  let candidates: Candidate[] = [];
  /** When it is worth looking for candidates again, on the monotonic clock. */
  let nextListingAt = 0;

  /** Updates the sets. Returns the memory of all buffers. */
  function measure(): number {
    let unfinishedBytes = 0;
    for (const buffer of unfinished) {
      if (!buffer.isComplete) {
        unfinishedBytes += buffer.memoryBytes;
        continue;
      }
      unfinished.delete(buffer);
      finished.add(buffer);
      finishedBytes += buffer.memoryBytes;
    }
    return finishedBytes + unfinishedBytes;
  }

  function takeCandidate(): TerminalBuffer | undefined {
    for (let next = candidates.pop(); next; next = candidates.pop()) {
      const { buffer, lastRead } = next;
      if (finished.has(buffer) && buffer.lastRead === lastRead && !isInUse(buffer)) return buffer;
    }
    return undefined;
  }

  function listCandidates() {
    candidates = [...finished]
      .map((buffer) => ({ buffer, lastRead: buffer.lastRead }))
      .toSorted((a, b) => a.lastRead - b.lastRead)
      .toReversed();
  }

  function remove(buffer: TerminalBuffer) {
    finished.delete(buffer);
    finishedBytes -= buffer.memoryBytes;
    free(buffer);
  }

  return {
    add: (buffer: TerminalBuffer) => void unfinished.add(buffer),
    /** Stops counting a buffer that was freed. */
    forget(buffer: TerminalBuffer) {
      unfinished.delete(buffer);
      if (!finished.delete(buffer)) return;
      finishedBytes -= buffer.memoryBytes;
      // The list would keep it in memory.
      candidates = [];
    },
    /** Frees a finished buffer unless it is in use. */
    release(buffer: TerminalBuffer) {
      measure();
      if (!finished.has(buffer) || isInUse(buffer)) return;
      remove(buffer);
      // The list would keep it in memory.
      candidates = [];
    },
    /** Frees finished buffers that are not in use, the least recently read first, until the others fit. */
    limit() {
      let hasListed = false;
      while (measure() > settings.bufferMemoryBytes) {
        const buffer = takeCandidate();
        if (buffer) {
          remove(buffer);
          continue;
        }
        const now = clock.monotonic();
        if (hasListed) nextListingAt = now + RETRY_LISTING_MS;
        if (now < nextListingAt) return;
        listCandidates();
        hasListed = true;
      }
    },
  };
}
