// The settings of a hub, as `serve` and `up` take them.
import type { Command } from 'commander';
import { address, count, defaultDataFolder, duration, port, setting } from '../config.ts';
import type { HubSettings } from '../hub/state/server-state.ts';
import {
  BUFFER_MEMORY_BYTES,
  MAX_AGENTS,
  MAX_DASHBOARDS,
  STUCK_AFTER_MS,
} from '../protocol/limits.ts';
import { createLog } from './log.ts';
import type { HubProcessOptions } from './hub-process.ts';

const MEGABYTE = 1_048_576;

export interface HubFlags {
  host: string;
  port: number;
  data: string;
  publicUrl?: string;
  maxDashboards: number;
  maxAgents: number;
  commandTimeout: number;
  maxCommandTimeout: number;
  agentGrace: number;
  stuckAfter: number;
  bufferMemory: number;
}

/** Adds the flags of a hub to a command. */
export function withHubOptions(command: Command): Command {
  return command
    .addOption(setting('--host <address>', 'where to listen').default('127.0.0.1'))
    .addOption(setting('--port <number>', 'where to listen').default(7420).argParser(port))
    .addOption(setting('--data <dir>', 'where everything is kept').default(defaultDataFolder()))
    .addOption(
      setting('--public-url <url>', 'how browsers and agents reach the hub').argParser(address),
    )
    .addOption(
      setting('--max-dashboards <number>', 'live dashboards')
        .default(MAX_DASHBOARDS)
        .argParser(count),
    )
    .addOption(setting('--max-agents <number>', 'live agents').default(MAX_AGENTS).argParser(count))
    .addOption(
      setting('--command-timeout <time>', 'how long a command may run unless it asks for more')
        .default(duration('5m'), '5m')
        .argParser(duration),
    )
    .addOption(
      setting('--max-command-timeout <time>', 'the most a command may ask for')
        .default(duration('24h'), '24h')
        .argParser(duration),
    )
    .addOption(
      setting('--agent-grace <time>', 'how long a running command waits for an agent that is away')
        .default(duration('5m'), '5m')
        .argParser(duration),
    )
    .addOption(
      setting(
        '--stuck-after <time>',
        'how long a running command may be silent before it is suspected stuck',
      )
        .default(STUCK_AFTER_MS, '5m')
        .argParser(duration),
    )
    .addOption(
      setting('--buffer-memory <megabytes>', 'terminal output held in memory for all commands')
        .default(BUFFER_MEMORY_BYTES / MEGABYTE)
        .argParser(count),
    );
}

/** The hub that these flags describe. */
export function hubProcessOptions(
  flags: HubFlags,
  adminPassword: string | null,
): HubProcessOptions {
  const settings: HubSettings = {
    maxDashboards: flags.maxDashboards,
    maxAgents: flags.maxAgents,
    commandTimeoutMs: Math.min(flags.commandTimeout, flags.maxCommandTimeout),
    maxCommandTimeoutMs: flags.maxCommandTimeout,
    agentGraceMs: flags.agentGrace,
    stuckAfterMs: flags.stuckAfter,
    bufferMemoryBytes: flags.bufferMemory * MEGABYTE,
  };
  return {
    host: flags.host,
    port: flags.port,
    data: flags.data,
    publicUrl: flags.publicUrl ?? null,
    adminPassword,
    settings,
    log: createLog(),
  };
}
