// Tracks the sequence numbers of one command's output, so that every chunk is shown once and none is skipped.

/** Whether a chunk is the next one, was seen before, or follows chunks that are missing. */
export type SequenceVerdict = 'next' | 'duplicate' | 'missing';

export interface SequenceTracker {
  /** Returns the last sequence that was seen or is known to be lost; -1 before the first. */
  getLast(): number;
  /** Checks a chunk's sequence, and advances past it if it is the next one. */
  accept(sequence: number): SequenceVerdict;
  /** Advances to `toSequence` because the output before it is lost. Returns false if there was nothing to skip. */
  skipTo(toSequence: number): boolean;
  /** Whether everything up to and including `lastSequence` was seen or is known to be lost. */
  isComplete(lastSequence: number): boolean;
}

/** Creates a tracker whose next sequence is `first`. */
export function createSequenceTracker(first = 0): SequenceTracker {
  let next = first;
  return {
    getLast: () => next - 1,
    accept(sequence) {
      if (sequence < next) return 'duplicate';
      if (sequence > next) return 'missing';
      next += 1;
      return 'next';
    },
    skipTo(toSequence) {
      if (toSequence <= next) return false;
      next = toSequence;
      return true;
    },
    isComplete: (lastSequence) => next > lastSequence,
  };
}
