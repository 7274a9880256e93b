// The hub of a round, as the round needs it: the compiled binary, or the same hub in this process with a clock to move.
import { join } from 'node:path';
import { createServer } from 'node:net';
import { PASSWORD } from '../support/binary.ts';
import { startTestHub, type TestHub } from '../support/hub/hub.ts';
import { type RunningProcess, startProcess } from '../support/processes.ts';

export interface HubUnderTest {
  port(): number;
  /** A token for dashboards. */
  token(): Promise<string>;
  addAgent(agentId: string): Promise<string>;
  /** Ends it without a word, and starts it again with what is on disk. */
  kill(): Promise<void>;
  /** Ends it in order, and starts it again. */
  restart(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** Lets time pass at once; or, where negative, only sets its clock back. */
  jump(ms: number): void;
  /** Its clock, Unix milliseconds. */
  now(): number;
  /** When the run of an epoch began, by its clock. */
  beganAt(hubEpoch: string): number;
  /** Ends it in order; answers with its database, which stays until `dispose`. */
  stop(): Promise<string>;
  dispose(): Promise<void>;
  /** What it should not have said or done. */
  complaints(): string[];
  /** Everything it logged. */
  log(): string;
}

/** Ports below those that the system gives to outgoing connections, so that a killed hub finds its own free again. */
const FIRST_PORT = 12_000;
const PORTS = 18_000;

async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

export interface BinaryHubOptions {
  binary: string;
  folder: string;
  bufferMemory: number;
  /** Marks the process as this round's. */
  env: Record<string, string>;
}

/** Starts the compiled binary. */
export async function startBinaryHub(options: BinaryHubOptions): Promise<HubUnderTest> {
  const data = join(options.folder, 'data');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const runs: RunningProcess[] = [];
  const complaints: string[] = [];
  let present = await run();
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ username: 'admin', password: PASSWORD });
  const session = await fetch(`${url}/api/v1/session`, { method: 'POST', headers, body });
  const { token } = (await session.json()) as { token: string };

  async function run(): Promise<RunningProcess> {
    const flags = [
      '--port',
      String(port),
      '--data',
      data,
      '--buffer-memory',
      String(options.bufferMemory),
    ];
    const hub = startProcess([options.binary, 'serve', ...flags], {
      ...options.env,
      SIGNALBOX_ADMIN_PASSWORD: PASSWORD,
    });
    runs.push(hub);
    await hub.waitForOutput(/Signalbox is ready/);
    return hub;
  }

  async function end() {
    present.kill('SIGTERM');
    const code = await present.exited;
    if (code !== 0) complaints.push(`the hub ended with ${code} after SIGTERM`);
  }

  return {
    port: () => port,
    token: () => Promise.resolve(token),
    async addAgent(agentId) {
      const answer = await fetch(`${url}/api/v1/agents`, {
        method: 'POST',
        headers: { ...headers, authorization: `Bearer ${token}` },
        body: JSON.stringify({ agentId, agentType: 'claude' }),
      });
      return ((await answer.json()) as { token: string }).token;
    },
    async kill() {
      present.kill('SIGKILL');
      await present.exited;
      present = await run();
    },
    async restart() {
      await end();
      present = await run();
    },
    freeze: () => present.kill('SIGSTOP'),
    thaw: () => present.kill('SIGCONT'),
    jump() {
      throw new Error('nobody moves the clock of another process');
    },
    now: () => Date.now(),
    // An epoch is a UUIDv7: its first 48 bits are the time.
    beganAt: (hubEpoch) => parseInt(hubEpoch.replaceAll('-', '').slice(0, 12), 16),
    async stop() {
      await end();
      return join(data, 'signalbox.db');
    },
    dispose: () => Promise.resolve(),
    complaints: () => [...complaints, ...runs.flatMap((one) => errorsIn(one.output()))],
    log: () => runs.map((one) => one.output()).join('--- next run\n'),
  };
}

function errorsIn(log: string): string[] {
  return log.split('\n').filter((line) => / error /.test(line) || /^\s+at /.test(line));
}

/** How often the clock of a hub in this process moves with the real one. */
const TICK_MS = 20;

/** Starts the hub in this process. */
export async function startInsideHub(bufferMemory: number): Promise<HubUnderTest> {
  let present: TestHub = await startTestHub({
    onDisk: true,
    settings: { bufferMemoryBytes: bufferMemory * 1_048_576 },
  });
  const began = new Map<string, number>();
  const logs: TestHub['logEntries'][] = [];
  /** How far the clock was set back: timers do not care. */
  let setBack = 0;
  let last = Date.now();
  const ticker = setInterval(() => {
    const now = Date.now();
    present.clock.advance(now - last);
    last = now;
  }, TICK_MS);

  function adopt(hub: TestHub) {
    present = hub;
    setBack = 0;
    const passed = hub.clock.now;
    hub.clock.now = () => passed() - setBack;
    began.set(hub.hub.epoch, hub.clock.now());
    logs.push(hub.logEntries);
  }
  adopt(present);

  return {
    port: () => present.port,
    token: () => present.issueToken(),
    addAgent: (agentId) => present.addAgent(agentId),
    kill: async () => adopt(await present.crash()),
    restart: async () => adopt(await present.restart()),
    freeze() {},
    thaw() {},
    jump(ms) {
      if (ms < 0) setBack -= ms;
      else present.clock.advance(ms);
    },
    now: () => present.clock.now(),
    beganAt: (hubEpoch) => began.get(hubEpoch) ?? 0,
    async stop() {
      await present.flush();
      return present.file;
    },
    async dispose() {
      clearInterval(ticker);
      await present[Symbol.asyncDispose]();
    },
    complaints: () =>
      logs.flat().flatMap(({ level, message, fields }) => {
        const text = `${message} ${JSON.stringify(fields)}`;
        // What a hub says that was crashed in this process: it goes on talking for a moment.
        return level === 'error' && !text.includes('Database has closed') ? [text] : [];
      }),
    log: () =>
      logs
        .flat()
        .map((entry) => `${entry.level} ${entry.message} ${JSON.stringify(entry.fields)}`)
        .join('\n'),
  };
}
