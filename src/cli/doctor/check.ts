// The result of one check of `signalbox doctor`.

/** `warning`: works, but could be better. `failed`: something does not work. */
export type CheckStatus = 'ok' | 'warning' | 'failed';

export interface Check {
  name: string;
  status: CheckStatus;
  /** What was found, as a sentence. */
  message: string;
  /** How to fix it, as a sentence or as commands, one per line. */
  fix?: string;
}

export const ok = (name: string, message: string): Check => ({ name, status: 'ok', message });

export const warning = (name: string, message: string, fix?: string): Check => ({
  name,
  status: 'warning',
  message,
  ...(fix !== undefined && { fix }),
});

export const failed = (name: string, message: string, fix?: string): Check => ({
  name,
  status: 'failed',
  message,
  ...(fix !== undefined && { fix }),
});
