// A real hub on a free port, with a clock that tests move, a disk they can break, and a data folder that outlives it.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Deflate } from '../../../src/hub/compressor.ts';
import { startHub } from '../../../src/hub/hub.ts';
import type { HubSettings } from '../../../src/hub/context.ts';
import type { Role } from '../../../src/protocol/entities.ts';
import {
  AGENT_GRACE_MS,
  BUFFER_MEMORY_BYTES,
  COMMAND_TIMEOUT_MS,
  MAX_AGENTS,
  MAX_COMMAND_TIMEOUT_MS,
  MAX_DASHBOARDS,
} from '../../../src/protocol/limits.ts';
import { openStore } from '../../../src/store/sqlite-store.ts';
import { createApp } from '../../../src/web/app.ts';
import { createTokens } from '../../../src/web/tokens.ts';
import { createFaultStore } from './fault-store.ts';
import { createManualClock } from '../manual-clock.ts';

/** Timers shorter than this run by themselves: gathering output, grouping commits. */
const REAL_BELOW_MS = 100;

/** Shorter than any silence that means something. */
const STEP_MS = 20_000;

export const SECRET = 'only a test signs with this secret';
export const SETTINGS: HubSettings = {
  maxDashboards: MAX_DASHBOARDS,
  maxAgents: MAX_AGENTS,
  commandTimeoutMs: COMMAND_TIMEOUT_MS,
  maxCommandTimeoutMs: MAX_COMMAND_TIMEOUT_MS,
  agentGraceMs: AGENT_GRACE_MS,
  stuckAfterMs: 300_000,
  bufferMemoryBytes: BUFFER_MEMORY_BYTES,
};

export interface LogEntry {
  level: 'info' | 'warn' | 'error';
  message: string;
  about: Record<string, unknown>;
}

export interface TestHubOptions {
  settings?: Partial<HubSettings>;
  publicUrl?: string;
  setupToken?: string;
  /** Instead of raw deflate. */
  deflate?: Deflate;
  /** Keep everything in a file, so that the hub can be started again. */
  onDisk?: boolean;
}

export type TestHub = Awaited<ReturnType<typeof startTestHub>>;

export function startTestHub(options: TestHubOptions = {}) {
  const folder = options.onDisk ? mkdtempSync(join(tmpdir(), 'signalbox-hub-')) : null;
  return run(options, folder, 0, Date.UTC(2026, 0, 1));
}

async function run(options: TestHubOptions, folder: string | null, life: number, start: number) {
  const file = folder === null ? ':memory:' : join(folder, `life-${life}.db`);
  const clock = createManualClock({ start, realBelow: REAL_BELOW_MS });
  const store = createFaultStore(openStore(file));
  const logged: LogEntry[] = [];
  const logAs =
    (level: LogEntry['level']) =>
    (message: string, about: Record<string, unknown> = {}) =>
      void logged.push({ level, message, about });
  const log = { info: logAs('info'), warn: logAs('warn'), error: logAs('error') };
  let server: typeof app.server = null;
  const hub = await startHub({
    store,
    clock,
    log,
    settings: { ...SETTINGS, ...options.settings },
    publish: (topic, frame) => server?.publish(topic, frame),
    ...(options.deflate && { deflate: options.deflate }),
  });
  const { app, drain, listen } = createApp({
    hub,
    clock,
    log,
    secret: SECRET,
    publicUrl: options.publicUrl ?? null,
    setupToken: options.setupToken ?? null,
    version: '0.0.0-test',
  });
  listen({ hostname: '127.0.0.1', port: 0 });
  server = app.server;
  const port = app.server?.port ?? 0;
  const url = `http://127.0.0.1:${port}`;
  const tokens = createTokens(SECRET, clock);
  let isOver = false;

  /** Ends the process, as far as one can in this one. */
  async function end() {
    isOver = true;
    await app.server?.stop(true);
    await store.close();
  }

  return {
    hub,
    clock,
    store,
    log: logged,
    file,
    port,
    url,
    wsUrl: url.replace('http', 'ws'),
    drain,
    tokens,

    /** A session token for anybody. */
    async token(role: Role = 'operator', userId = 'ada'): Promise<string> {
      return (await tokens.issueSession({ userId, role })).token;
    },
    /** Adds an agent; answers its token. */
    async addAgent(agentId = 'agent', agentType: 'claude' | 'gemini' | 'codex' = 'claude') {
      const admin = { userId: 'root', role: 'admin' as const };
      return (await hub.registry.register(admin, { agentId, agentType })).token;
    },
    /** Calls the API. */
    async call(
      method: string,
      path: string,
      { role = 'operator', userId = 'ada', token, body, headers = {} }: CallOptions = {},
    ) {
      const bearer = token === undefined ? await this.token(role, userId) : token;
      return fetch(`${url}/api/v1${path}`, {
        method,
        headers: {
          ...(bearer !== null && { authorization: `Bearer ${bearer}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
    },
    /** Resolves once everything that was to be written is, and what follows from it has been sent. */
    async settled(): Promise<void> {
      await store.connections.purgeBefore(0);
      for (let turn = 0; turn < 5; turn++) {
        await new Promise((resolve) => void setImmediate(resolve));
      }
    },
    /** Lets time pass, in steps short enough for these peers to show that they live. */
    async pass(ms: number, ...peers: { ping(): Promise<void> }[]): Promise<void> {
      for (let left = ms; left > 0; left -= STEP_MS) {
        clock.advance(Math.min(left, STEP_MS));
        await Promise.all(peers.map((peer) => peer.ping()));
      }
    },
    /** Closes every door, commits everything, and starts again `away` milliseconds later. */
    async restart(away = 0) {
      drain();
      hub.stop();
      await end();
      const before = file;
      const next = folder && join(folder, `life-${life + 1}.db`);
      if (next) copyDatabase(before, next);
      return run(options, folder, life + 1, clock.now() + away);
    },
    /** Loses everything that is not on disk, and starts again with what is. */
    async crash(away = 0) {
      if (folder === null) throw new Error('a hub in memory has nothing to come back to');
      copyDatabase(file, join(folder, `life-${life + 1}.db`));
      await end();
      return run(options, folder, life + 1, clock.now() + away);
    },
    async [Symbol.asyncDispose]() {
      if (!isOver) await end();
      if (folder !== null) rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface CallOptions {
  role?: Role;
  userId?: string;
  /** Null sends none. */
  token?: string | null;
  body?: unknown;
  headers?: Record<string, string>;
}

function copyDatabase(from: string, to: string) {
  for (const suffix of ['', '-wal']) {
    cpSync(from + suffix, to + suffix, { recursive: true, force: true });
  }
}
