// What the hub has to say to whoever runs it.

/** A line of the log: a sentence, and what it is about. */
export type LogLine = (message: string, about?: Record<string, unknown>) => void;

export interface Log {
  info: LogLine;
  warn: LogLine;
  error: LogLine;
}
