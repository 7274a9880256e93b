// Flags and environment, checked once: what every command that takes a setting builds its options from.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import ms from 'ms';

/** A length of time such as `5m`, `90s` or `24h`, in milliseconds. */
export function duration(text: string): number {
  const value = ms(text as ms.StringValue) as number | undefined;
  if (value === undefined || !Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError('Use a length of time such as 30s, 5m or 24h.');
  }
  return value;
}

/** A whole number from 1 up. */
export function count(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('Use a whole number from 1 up.');
}

/** A TCP port; 0 takes any that is free. */
export function port(text: string): number {
  const value = Number(text);
  if (text !== '' && Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  throw new InvalidArgumentError('Use a port from 0 to 65535.');
}

/** An http or https address, without what follows the host and port. */
export function address(text: string): string {
  const url = URL.parse(text);
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return url.origin;
  throw new InvalidArgumentError('Use an address such as https://signalbox.example.com.');
}

/** One of the kinds of agent. */
export const agentTypes = ['claude', 'gemini', 'codex'] as const;

/** A flag with the variable of the environment that stands for it: `--max-agents` is `SIGNALBOX_MAX_AGENTS`. */
export function setting(flags: string, description: string, variable?: string): Option {
  const option = new Option(flags, description);
  const name = variable ?? option.attributeName().replaceAll(/[A-Z]/g, (letter) => `_${letter}`);
  return option.env(`SIGNALBOX_${name.toUpperCase()}`);
}

/** Where a hub keeps its data unless it is told otherwise. */
export function defaultDataFolder(): string {
  return join(process.env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share'), 'signalbox');
}

/** Where an agent keeps its journal unless it is told otherwise: what one hub sent is no other hub's to hear of. */
export function defaultStateFolder(hub: string, agentId: string): string {
  const state = process.env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state');
  return join(state, 'signalbox', new URL(hub).host.replaceAll(':', '_'), agentId);
}

/** Where `signalbox login` keeps its token. */
export function credentialsFile(): string {
  const config = process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config');
  return join(config, 'signalbox', 'credentials.json');
}
