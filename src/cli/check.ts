// One thing that `signalbox doctor` looks at, and what it found.

/** `warning`: it works, and could be better. `failed`: something will not work. */
export type Finding = 'ok' | 'warning' | 'failed';

export interface Check {
  name: string;
  finding: Finding;
  /** What was found, in a sentence. */
  words: string;
  /** What to do about it: a command where there is one. */
  mend?: string;
}

export const ok = (name: string, words: string): Check => ({ name, finding: 'ok', words });

export const warning = (name: string, words: string, mend?: string): Check => ({
  name,
  finding: 'warning',
  words,
  ...(mend !== undefined && { mend }),
});

export const failed = (name: string, words: string, mend?: string): Check => ({
  name,
  finding: 'failed',
  words,
  ...(mend !== undefined && { mend }),
});
