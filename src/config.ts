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

/** Parses a duration such as `5m`, `90s` or `24h` into milliseconds. */
export function parseDuration(text: string): number {
  const value = ms(text as ms.StringValue) as number | undefined;
  if (value === undefined || !Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError('Expected a duration such as 30s, 5m or 24h.');
  }
  return value;
}

/** Parses a positive integer. */
export function parseCount(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('Expected a positive integer.');
}

/** Parses a TCP port. Port 0 selects any free port. */
export function parsePort(text: string): number {
  const value = Number(text);
  if (text !== '' && Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  throw new InvalidArgumentError('Expected a port number from 0 to 65535.');
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

/** The default data folder of a hub. */
export function defaultDataFolder(): string {
  return join(process.env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share'), 'signalbox');
}

/** The default folder for an agent's journal. Each hub has its own, so that journals do not mix. */
export function defaultStateFolder(hub: string, agentId: string): string {
  const state = process.env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state');
  return join(state, 'signalbox', new URL(hub).host.replaceAll(':', '_'), agentId);
}

/** The file in which `signalbox login` saves its token. */
export function credentialsFile(): string {
  const config = process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config');
  return join(config, 'signalbox', 'credentials.json');
}
