// One thing that `signalbox doctor` looks at, and what it found.

/** `warning`: it works, and could be better. `failed`: something will not work. */
export type Finding = 'ok' | 'warning' | 'failed';

/** What was looked at, and what came of it. */
export interface Check {
  name: string;
  finding: Finding;
  /** What was found, in a sentence. */
  words: string;
  /** What to do about it: a command where there is one. */
  mend?: string;
}

/** It is as it should be. */
export const ok = (name: string, words: string): Check => ({ name, finding: 'ok', words });

/** It works, and could be better. @param mend what to do about it, a command where there is one */
export const warning = (name: string, words: string, mend?: string): Check => ({
  name,
  finding: 'warning',
  words,
  ...(mend !== undefined && { mend }),
});

/** Something will not work. @param mend what to do about it, a command where there is one */
export const failed = (name: string, words: string, mend?: string): Check => ({
  name,
  finding: 'failed',
  words,
  ...(mend !== undefined && { mend }),
});
