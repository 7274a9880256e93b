// The options of a hub, shared by `serve` and `up`.
import type { Command, Option } from 'commander';
import ms from 'ms';
import {
  defaultDataFolder,
  envOption,
  integerParser,
  parseDuration,
  parseOrigin,
  parsePort,
  parseRetention,
  parseSize,
  parseTranscriptRetention,
} from '../config.ts';
import type { HubSettings } from '../hub/context.ts';
import {
  AGENT_GRACE_MS,
  AUDIT_RETENTION_MS,
  BUFFER_MEMORY_BYTES,
  COMMAND_TIMEOUT_MS,
  CONNECTION_LOG_RETENTION_MS,
  MAX_AGENTS,
  MAX_COMMAND_TIMEOUT_MS,
  MAX_DASHBOARDS,
  QUEUE_TTL_MS,
  STUCK_AFTER_MS,
  TRANSCRIPT_QUOTA_BYTES,
  TRANSCRIPT_RETENTION_MS,
} from '../protocol/limits.ts';
import { parseAddresses } from './addresses.ts';
import { busOption, type ClusterFlags, nodeOption, readCluster } from './cluster-options.ts';
import { readEncryption } from './encryption.ts';
import type { HubProcessOptions } from './hub-process.ts';
import { createLog } from './log.ts';
import { type OidcFlags, readOidcSettings } from './oidc-options.ts';
import { readDatabase, storeOption } from './store-option.ts';

const MEGABYTE = 1_048_576;

export interface HubFlags extends OidcFlags, ClusterFlags {
  host: string;
  port: number;
  data: string;
  store?: string;
  tlsCert?: string;
  tlsKey?: string;
  insecure: boolean;
  publicUrl?: string;
  trustedProxy?: string[];
  maxDashboards: number;
  maxAgents: number;
  commandTimeout: number;
  maxCommandTimeout: number;
  agentGrace: number;
  queueTtl: number;
  stuckAfter: number;
  bufferMemory: number;
  transcripts: number | null;
  transcriptQuota: number;
  auditRetention: number | null;
  connectionLogRetention: number | null;
  commandRetention: number | null;
}

/** Adds the options of a hub to a command. */
export function withHubOptions(command: Command): Command {
  return command
    .addOption(envOption('--host <address>', 'Address to listen on').default('127.0.0.1'))
    .addOption(envOption('--port <number>', 'Port to listen on').default(7420).argParser(parsePort))
    .addOption(envOption('--data <dir>', 'Data folder').default(defaultDataFolder()))
    .addOption(storeOption())
    .addOption(nodeOption())
    .addOption(busOption())
    .addOption(
      envOption('--tls-cert <file>', 'PEM file with the certificate chain for HTTPS').default(
        undefined,
        'plain HTTP',
      ),
    )
    .addOption(envOption('--tls-key <file>', 'PEM file with the private key of the certificate'))
    .addOption(
      envOption(
        '--insecure',
        'Allow plain HTTP on an address that other machines can reach',
      ).default(false),
    )
    .addOption(
      envOption('--public-url <url>', 'URL that browsers and agents use to reach the hub')
        .default(undefined, 'http(s)://<host>:<port>')
        .argParser(parseOrigin),
    )
    .addOption(
      envOption(
        '--trusted-proxy <addresses>',
        'Addresses or subnets of proxies, separated by commas, whose X-Forwarded-For is used',
      )
        .default(undefined, 'none')
        .argParser(parseAddresses),
    )
    .addOption(
      envOption('--max-dashboards <number>', 'Maximum number of connected dashboards')
        .default(MAX_DASHBOARDS)
        .argParser(integerParser(1, 10_000)),
    )
    .addOption(
      envOption('--max-agents <number>', 'Maximum number of connected agents')
        .default(MAX_AGENTS)
        .argParser(integerParser(1, 1_000)),
    )
    .addOption(
      durationOption('--command-timeout <duration>', 'Default command timeout', COMMAND_TIMEOUT_MS),
    )
    .addOption(
      durationOption(
        '--max-command-timeout <duration>',
        'Maximum command timeout',
        MAX_COMMAND_TIMEOUT_MS,
      ),
    )
    .addOption(
      durationOption(
        '--agent-grace <duration>',
        'How long a disconnected agent has to reconnect before its command fails',
        AGENT_GRACE_MS,
      ),
    )
    .addOption(
      durationOption(
        '--queue-ttl <duration>',
        'How long a command may be queued before it fails as expired',
        QUEUE_TTL_MS,
      ),
    )
    .addOption(
      durationOption(
        '--stuck-after <duration>',
        'Report a running command as possibly stuck after this long without output',
        STUCK_AFTER_MS,
      ),
    )
    .addOption(
      envOption('--buffer-memory <megabytes>', 'Memory for output with --transcripts 0, in MB')
        .default(BUFFER_MEMORY_BYTES / MEGABYTE)
        .argParser(integerParser(1, 65_536)),
    )
    .addOption(
      envOption(
        '--transcripts <duration>',
        'How long the output of ended commands is kept on disk; 0 keeps it in memory only',
      )
        .default(TRANSCRIPT_RETENTION_MS, ms(TRANSCRIPT_RETENTION_MS))
        .argParser(parseTranscriptRetention),
    )
    .addOption(
      envOption(
        '--transcript-quota <size>',
        'Maximum size of this output on disk; the oldest is deleted first; 0 is like --transcripts 0',
      )
        .default(TRANSCRIPT_QUOTA_BYTES, '5GB')
        .argParser(parseSize),
    )
    .addOption(
      retentionOption(
        '--audit-retention <duration>',
        'How long the audit log is kept',
        AUDIT_RETENTION_MS,
      ),
    )
    .addOption(
      retentionOption(
        '--connection-log-retention <duration>',
        'How long the connection log is kept',
        CONNECTION_LOG_RETENTION_MS,
      ),
    )
    .addOption(
      retentionOption(
        '--command-retention <duration>',
        'How long ended commands are kept, with their approval requests',
        null,
      ),
    );
}

function retentionOption(flags: string, description: string, defaultMs: number | null): Option {
  const text = defaultMs === null ? 'forever' : ms(defaultMs);
  return envOption(flags, description).default(defaultMs, text).argParser(parseRetention);
}

function durationOption(flags: string, description: string, defaultMs: number): Option {
  return envOption(flags, description).default(defaultMs, ms(defaultMs)).argParser(parseDuration);
}

/**
 * Converts parsed flags to the options of a hub process.
 * @throws {CliError} if the flags contradict each other, or would send secrets over a network unencrypted
 */
export function hubProcessOptions(
  flags: HubFlags,
  adminPassword: string | null,
): HubProcessOptions {
  const log = createLog();
  const certificateFiles = readEncryption(flags, log);
  const database = readDatabase(flags);
  const settings: HubSettings = {
    maxDashboards: flags.maxDashboards,
    maxAgents: flags.maxAgents,
    commandTimeoutMs: Math.min(flags.commandTimeout, flags.maxCommandTimeout),
    maxCommandTimeoutMs: flags.maxCommandTimeout,
    agentGraceMs: flags.agentGrace,
    queueTtlMs: flags.queueTtl,
    stuckAfterMs: flags.stuckAfter,
    bufferMemoryBytes: flags.bufferMemory * MEGABYTE,
    transcriptRetentionMs: flags.transcripts,
    transcriptQuotaBytes: flags.transcriptQuota,
    auditRetentionMs: flags.auditRetention,
    connectionLogRetentionMs: flags.connectionLogRetention,
    commandRetentionMs: flags.commandRetention,
  };
  return {
    host: flags.host,
    port: flags.port,
    data: flags.data,
    database,
    cluster: readCluster(flags, database !== null),
    publicUrl: flags.publicUrl ?? null,
    certificateFiles,
    trustedProxies: flags.trustedProxy ?? [],
    adminPassword,
    identityProvider: readOidcSettings(flags),
    settings,
    log,
  };
}
