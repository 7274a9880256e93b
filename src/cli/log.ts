// The log of `serve`, `up` and `agent`: a line each, for people, on stderr.
import type { Log } from '../hub/log.ts';

/** Writes lines such as `2026-01-02T03:04:05.678Z warn  Something happened. agentId=a1`. */
export function createLog(write: (line: string) => void = writeToStderr): Log {
  const line =
    (level: string) =>
    (message: string, about: Record<string, unknown> = {}) => {
      const details = Object.entries(about).map(([name, value]) => ` ${name}=${show(value)}`);
      write(`${new Date().toISOString()} ${level.padEnd(5)} ${message}${details.join('')}`);
    };
  return { info: line('info'), warn: line('warn'), error: line('error') };
}

function writeToStderr(line: string) {
  process.stderr.write(`${line}\n`);
}

function show(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.message);
  return typeof value === 'string' && /^[\w.:/-]+$/.test(value) ? value : JSON.stringify(value);
}
