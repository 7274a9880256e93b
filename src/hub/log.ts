// The hub's log. The command line decides how a line is written.

/** Writes one line: a sentence, and the values it is about. */
export type LogLine = (message: string, fields?: Record<string, unknown>) => void;

export interface Log {
  info: LogLine;
  warn: LogLine;
  error: LogLine;
}
