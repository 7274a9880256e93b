// Parsers for flags and environment variables, and default file locations.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import ms from 'ms';
import { AgentType } from './protocol/agent-status.ts';
import { Priority } from './protocol/command-status.ts';

export const DEFAULT_HUB = 'http://127.0.0.1:7420';

export const agentTypes = AgentType.anyOf.map((literal) => literal.const);
export const priorities = Priority.anyOf.map((literal) => literal.const);

const MIN_DURATION_MS = 1_000;
/** The clock has no limit, but a longer duration is likely a mistake. */
const MAX_DURATION_MS = 365 * 86_400_000;

/** Parses a duration such as `5m`, `90s` or `24h` into milliseconds. */
export function parseDuration(text: string): number {
  const isDuration = /^\d+(\.\d+)?\s*[a-z]+$/i.test(text);
  const value = isDuration ? Math.round(ms(text as ms.StringValue)) : Number.NaN;
  if (value >= MIN_DURATION_MS && value <= MAX_DURATION_MS) return value;
  throw new InvalidArgumentError(
    `Expected a duration from ${ms(MIN_DURATION_MS)} to ${ms(MAX_DURATION_MS)}, such as 30s, 5m or 24h.`,
  );
}

const MIN_RETENTION_MS = 86_400_000;
const MAX_RETENTION_MS = 3_650 * 86_400_000;

/**
 * Parses how long data is kept, from 1 day to 10 years; `forever` is null. It is longer than the hub needs the data: a
 * `requestId` is valid for 24 hours.
 */
export function parseRetention(text: string): number | null {
  if (text === 'forever') return null;
  const isDuration = /^\d+(\.\d+)?\s*[a-z]+$/i.test(text);
  const value = isDuration ? Math.round(ms(text as ms.StringValue)) : Number.NaN;
  if (value >= MIN_RETENTION_MS && value <= MAX_RETENTION_MS) return value;
  throw new InvalidArgumentError(
    'Expected "forever", or a duration from 1d to 3650d, such as 90d.',
  );
}

/** Parses how long output is kept: like `parseRetention`, and `0` for not at all. */
export function parseTranscriptRetention(text: string): number | null {
  if (text === '0') return 0;
  try {
    return parseRetention(text);
  } catch {
    throw new InvalidArgumentError(
      'Expected "forever", 0, or a duration from 1d to 3650d, such as 30d.',
    );
  }
}

const SIZE_UNITS = { MB: 1_000_000, GB: 1_000_000_000, TB: 1_000_000_000_000 } as const;
const MAX_SIZE_BYTES = 100 * SIZE_UNITS.TB;

/** Parses a size in bytes, such as `500MB` or `5GB`, or `0`. */
export function parseSize(text: string): number {
  if (text === '0') return 0;
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*(MB|GB|TB)$/i.exec(text) ?? [];
  const factor = SIZE_UNITS[unit.toUpperCase() as keyof typeof SIZE_UNITS];
  const bytes = Math.round(Number(number) * factor);
  if (bytes >= SIZE_UNITS.MB && bytes <= MAX_SIZE_BYTES) return bytes;
  throw new InvalidArgumentError('Expected 0, or a size from 1MB to 100TB, such as 500MB or 5GB.');
}

/** Creates a parser for whole numbers from `min` to `max`. */
export function integerParser(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = parseDigits(text);
    if (value >= min && value <= max) return value;
    const range = [min, max].map((bound) => bound.toLocaleString('en-US')).join(' to ');
    throw new InvalidArgumentError(`Expected a whole number from ${range}.`);
  };
}

/** Parses a TCP port. Port 0 selects any free port. */
export function parsePort(text: string): number {
  const value = parseDigits(text);
  if (value <= 65_535) return value;
  throw new InvalidArgumentError('Expected a port number from 0 to 65535.');
}

/** Returns NaN if the text is not made of digits only, as in `1e3`. */
function parseDigits(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

/** Parses an http or https URL and drops everything after the host and port. */
export function parseOrigin(text: string): string {
  const url = URL.parse(text);
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return url.origin;
  throw new InvalidArgumentError(
    'Expected an http or https URL such as https://signalbox.example.com.',
  );
}

/** An option that can also be set in the environment: `--max-agents` or `SIGNALBOX_MAX_AGENTS`. */
export function envOption(flags: string, description: string, variable?: string): Option {
  const option = new Option(flags, description);
  const name = variable ?? option.attributeName().replaceAll(/[A-Z]/g, (letter) => `_${letter}`);
  return option.env(`SIGNALBOX_${name.toUpperCase()}`);
}

/** The default data folder of a hub. It is in the user's state folder, where no project is. */
export function defaultDataFolder(): string {
  return join(stateFolder(), 'hub');
}

/** The default folder for an agent's journal. Each hub has its own, so that journals do not mix. */
export function defaultStateFolder(hub: string, agentId: string): string {
  return join(stateFolder(), new URL(hub).host.replaceAll(':', '_'), agentId);
}

function stateFolder(): string {
  return join(process.env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'signalbox');
}

/** The file in which `signalbox login` saves its token. */
export function credentialsFile(): string {
  const config = process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config');
  return join(config, 'signalbox', 'credentials.json');
}
