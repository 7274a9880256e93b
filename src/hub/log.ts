// The hub's log. The command line determines the format.

/** Writes one line: a sentence and its values. */
export type LogLine = (message: string, fields?: Record<string, unknown>) => void;

export interface Log {
  info: LogLine;
  warn: LogLine;
  error: LogLine;
}
