// A real hub on a free port, with a manual clock, injectable disk faults and a data folder that survives restarts.
import type { Bus } from '../../../src/bus/bus.ts';
import type { SharedStore } from '../../../src/store/cluster.ts';
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Deflate } from '../../../src/hub/compressor.ts';
import type { HubSettings } from '../../../src/hub/context.ts';
import { startHub } from '../../../src/hub/hub.ts';
import type { Role } from '../../../src/protocol/entities.ts';
import type { Grants } from '../../../src/protocol/grants.ts';
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
  TRANSCRIPT_QUOTA_BYTES,
  TRANSCRIPT_RETENTION_MS,
} from '../../../src/protocol/limits.ts';
import { openStore } from '../../../src/store/sqlite-store.ts';
import { createApp } from '../../../src/web/app.ts';
import { assetBuild } from '../../../src/web/assets.ts';
import type { IdentityProviderSettings } from '../../../src/web/identity-provider.ts';
import { type Certificate, createServers } from '../../../src/web/servers.ts';
import type { SigningKeys } from '../../../src/web/signing-keys.ts';
import { createTokens, type IssuedToken } from '../../../src/web/tokens.ts';
import { createManualClock } from '../manual-clock.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../temporary-folder.ts';
import { createFaultStore } from './fault-store.ts';

/** Shorter timers run in real time: batching of output and group commits. */
const REAL_TIME_BELOW_MS = 100;

/** Shorter than every silence that the hub acts on. */
const ADVANCE_STEP_MS = 20_000;

const VERSION = '0.0.0-test';
export const SECRET = 'signing secret for tests only';
const SIGNING_KEYS: SigningKeys = createFixedKeys(SECRET);
export const SETTINGS: HubSettings = {
  maxDashboards: MAX_DASHBOARDS,
  maxAgents: MAX_AGENTS,
  commandTimeoutMs: COMMAND_TIMEOUT_MS,
  maxCommandTimeoutMs: MAX_COMMAND_TIMEOUT_MS,
  agentGraceMs: AGENT_GRACE_MS,
  queueTtlMs: QUEUE_TTL_MS,
  stuckAfterMs: 300_000,
  bufferMemoryBytes: BUFFER_MEMORY_BYTES,
  transcriptRetentionMs: TRANSCRIPT_RETENTION_MS,
  transcriptQuotaBytes: TRANSCRIPT_QUOTA_BYTES,
  auditRetentionMs: AUDIT_RETENTION_MS,
  connectionLogRetentionMs: CONNECTION_LOG_RETENTION_MS,
  commandRetentionMs: null,
};

export interface LogEntry {
  level: 'info' | 'warn' | 'error';
  message: string;
  fields: Record<string, unknown>;
}

export interface TestHubOptions {
  settings?: Partial<HubSettings>;
  trustedProxies?: readonly string[];
  publicUrl?: string;
  setupToken?: string;
  identityProvider?: IdentityProviderSettings;
  /** Serves HTTPS. The clients of tests do not verify certificates. */
  certificate?: Certificate;
  /** Replaces raw deflate. */
  deflate?: Deflate;
  /** Replaces the store in memory. It is closed with the hub, which cannot be restarted. */
  store?: SharedStore;
  /** Keeps the database in a file, so that the hub can be restarted. */
  onDisk?: boolean;
  /** Opens another store, such as one that several hubs share. Such a hub cannot be restarted. */
  openStore?: () => Promise<SharedStore>;
  /** The name of the hub, and the bus to other hubs with the same store. */
  node?: string;
  bus?: Bus;
}

interface ApiRequestOptions {
  role?: Role;
  userId?: string;
  /** Null sends no token. */
  token?: string | null;
  body?: unknown;
  headers?: Record<string, string>;
}

export type TestHub = Awaited<ReturnType<typeof startTestHub>>;

export function startTestHub(options: TestHubOptions = {}) {
  const folder = options.onDisk ? createTemporaryFolder() : null;
  return startRun(options, folder, 0, Date.UTC(2026, 0, 1));
}

/** Starts the hub for the first time or after a restart; each run has a database file of its own. */
async function startRun(
  options: TestHubOptions,
  folder: TemporaryFolder | null,
  run: number,
  start: number,
) {
  const file = folder === null ? ':memory:' : databasePath(folder, run);
  const clock = createManualClock({ start, realTimeBelowMs: REAL_TIME_BELOW_MS });
  const store = createFaultStore(options.store ?? (await options.openStore?.()) ?? openStore(file));
  const logEntries: LogEntry[] = [];
  const createLogLine =
    (level: LogEntry['level']) =>
    (message: string, fields: Record<string, unknown> = {}) =>
      void logEntries.push({ level, message, fields });
  const log = {
    info: createLogLine('info'),
    warn: createLogLine('warn'),
    error: createLogLine('error'),
  };
  const servers = createServers();
  const hub = await startHub({
    store,
    clock,
    log,
    settings: { ...SETTINGS, ...options.settings },
    publisher: servers,
    build: assetBuild,
    self: { node: options.node ?? 'hub-1', version: VERSION },
    // The lowest cost that is accepted: tests do not wait for hashes.
    passwordCost: { memoryCost: 8, timeCost: 1 },
    ...(options.deflate && { deflate: options.deflate }),
    ...(options.bus && { bus: options.bus }),
  });
  const { app, drain, listen, replaceCertificate } = createApp({
    hub,
    clock,
    log,
    signingKeys: SIGNING_KEYS,
    address: '127.0.0.1',
    publicUrl: options.publicUrl ?? null,
    servers,
    ...(options.certificate && { certificate: options.certificate }),
    ...(options.trustedProxies && { trustedProxies: options.trustedProxies }),
    setupToken: options.setupToken ?? null,
    identityProvider: options.identityProvider ?? null,
    version: VERSION,
  });
  const port = listen(0);
  const url = `${options.certificate ? 'https' : 'http'}://127.0.0.1:${port}`;
  const tokens = createTokens(SIGNING_KEYS, clock, hub.sessions);
  const issued = new Map<string, IssuedToken>();
  let hasEnded = false;

  /** Ends this run, as an exit of the process would. */
  async function end() {
    hasEnded = true;
    await servers.stop();
    await store.close();
  }

  return {
    hub,
    clock,
    store,
    logEntries,
    file,
    port,
    url,
    wsUrl: url.replace('http', 'ws'),
    drain,
    replaceCertificate: (certificate: Certificate) => replaceCertificate(port, certificate),
    app,
    servers,
    tokens,
    /** Every route of the server, as `GET /path/:param`. */
    routes: () => app.routes.map(({ method, path }) => `${method} ${path.replace(/(.)\/$/, '$1')}`),

    /**
     * Starts a session. Users do not need an account, so that tests do not wait for password hashes. With a store that several
     * hubs share, they get one without a password.
     */
    async startSession(role: Role = 'operator', userId = 'ada', agents: Grants = null) {
      if (store.cluster) await ensureUser(store, { id: userId, role, agents });
      return hub.sessions.start({ userId, role, agents }, { address: null, userAgent: null });
    },
    /** Returns the token of a session. The same user and role have one session. */
    async issueToken(role: Role = 'operator', userId = 'ada'): Promise<string> {
      const key = `${role} ${userId}`;
      const known = issued.get(key);
      if (known && known.expiresAt > clock.now()) return known.token;
      const token = await tokens.issueSession(await this.startSession(role, userId));
      issued.set(key, token);
      return token.token;
    },
    /** Adds an agent and returns its token. */
    async addAgent(agentId = 'agent', agentType: 'claude' | 'gemini' | 'codex' = 'claude') {
      const admin = { userId: 'root', role: 'admin' as const, agents: null };
      return (await hub.registry.register(admin, { agentId, agentType })).token;
    },
    /** Sends a request to the API. */
    async callApi(
      method: string,
      path: string,
      { role = 'operator', userId = 'ada', token, body, headers = {} }: ApiRequestOptions = {},
    ) {
      const bearer = token === undefined ? await this.issueToken(role, userId) : token;
      return fetch(`${url}/api/v1${path}`, {
        method,
        tls: { rejectUnauthorized: false },
        headers: {
          ...(bearer !== null && { authorization: `Bearer ${bearer}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
    },
    /** Resolves once all pending writes are committed and the messages that follow them are sent. */
    async flush(): Promise<void> {
      await store.connections.purgeBefore(0, 1);
      for (let turn = 0; turn < 5; turn++) {
        await new Promise((resolve) => void setImmediate(resolve));
      }
    },
    /** Advances the clock in steps, with pings from these peers in between so that they do not time out. */
    async advance(ms: number, ...peers: { ping(): Promise<void> }[]): Promise<void> {
      for (let left = ms; left > 0; left -= ADVANCE_STEP_MS) {
        clock.advance(Math.min(left, ADVANCE_STEP_MS));
        await Promise.all(peers.map((peer) => peer.ping()));
      }
    },
    /** Shuts the hub down and starts it again. */
    async restart(downtimeMs = 0) {
      drain();
      hub.stop();
      await end();
      if (folder) copyDatabase(file, databasePath(folder, run + 1));
      return startRun(options, folder, run + 1, clock.now() + downtimeMs);
    },
    /** Ends the hub without a shutdown, so that it loses everything not yet on disk, and starts it again. */
    async crash(downtimeMs = 0) {
      if (!folder) throw new Error('A hub in memory cannot crash: start it with onDisk.');
      copyDatabase(file, databasePath(folder, run + 1));
      await end();
      return startRun(options, folder, run + 1, clock.now() + downtimeMs);
    },
    async [Symbol.asyncDispose]() {
      if (!hasEnded) await end();
      folder?.remove();
    },
  };
}

/** Adds an account, unless it exists. */
async function ensureUser(
  { users }: SharedStore,
  { id, role, agents }: { id: string; role: Role; agents: Grants },
) {
  // Another hub may just have added it.
  await users.reload?.();
  const known = await users.find(id);
  if (known && (known.role !== role || !Bun.deepEquals(known.agents, agents))) {
    throw new Error(`"${id}" has another role or other agents. Use another name.`);
  }
  if (known) return;
  const unset = { passwordHash: null, disabledAt: null, twoFactor: null, identity: null };
  await users.insert({ id, role, agents, createdAt: 1, ...unset });
}

/** One key that is never replaced. */
export function createFixedKeys(secret: string): SigningKeys {
  const key = { id: 'test', secret, createdAt: 0 };
  return { current: () => key, find: (id) => Promise.resolve(id === key.id ? key : undefined) };
}

const databasePath = (folder: TemporaryFolder, run: number) => join(folder.path, `run-${run}.db`);

function copyDatabase(from: string, to: string) {
  copyFileSync(from, to);
  // Removed by a clean end.
  if (existsSync(`${from}-wal`)) copyFileSync(`${from}-wal`, `${to}-wal`);
}
