// Where a terminal stands in a command's output: nothing is shown twice, nothing is skipped unseen.

/** What to do with a piece of output: show it, ignore it (shown before), or ask again (something is missing). */
export type Verdict = 'show' | 'repeat' | 'hole';

export interface SequenceTracker {
  /** The last sequence that was shown or is known to be lost; -1 before the first. */
  last(): number;
  /** Judges output; only 'show' moves on. */
  output(sequence: number): Verdict;
  /** Takes note that everything before `toSequence` not shown yet is lost; false where there is no such thing. */
  gap(toSequence: number): boolean;
  /** Whether everything up to `lastSequence` has been seen. */
  isWhole(lastSequence: number): boolean;
}

/** Follows one command's output from its start. */
export function createSequenceTracker(): SequenceTracker {
  let next = 0;
  return {
    last: () => next - 1,
    output(sequence) {
      if (sequence < next) return 'repeat';
      if (sequence > next) return 'hole';
      next += 1;
      return 'show';
    },
    gap(toSequence) {
      if (toSequence <= next) return false;
      next = toSequence;
      return true;
    },
    isWhole: (lastSequence) => next > lastSequence,
  };
}
