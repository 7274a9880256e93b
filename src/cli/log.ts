// The log of `serve`, `up` and `agent`: one readable line per event on stderr.
import type { Log } from '../hub/log.ts';
import { toJson } from './json.ts';

/**
 * Creates a log with lines such as `2026-01-02T03:04:05.678Z info  Agent connected. agentId=a1`. Fields that are undefined are
 * left out.
 */
export function createLog(): Log {
  const logger =
    (level: string) =>
    (message: string, fields: Record<string, unknown> = {}) => {
      const pairs = Object.entries(fields)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => ` ${name}=${formatValue(value)}`);
      const time = new Date().toISOString();
      process.stderr.write(`${time} ${level.padEnd(5)} ${message}${pairs.join('')}\n`);
    };
  return { info: logger('info'), warn: logger('warn'), error: logger('error') };
}

function formatValue(value: unknown): string {
  if (value instanceof Error) return toJson(value.message);
  return typeof value === 'string' && /^[\w.:/-]+$/.test(value) ? value : toJson(value);
}
