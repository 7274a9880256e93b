// A hub of a round that runs as the compiled executable.
import { join } from 'node:path';
import { addAgent, PASSWORD, signInToApi } from '../../support/binary.ts';
import { findFreePort } from '../../support/free-port.ts';
import { type RunningProcess, startProcess } from '../../support/processes.ts';
import { epochTime } from './epoch-time.ts';
import { readSqliteRows } from '../rows.ts';
import type { HubProcess, HubUnderTest } from './hub-under-test.ts';

const STORE_THREAD_KILLER = join(import.meta.dir, '../../support/store-thread-killer.ts');

/** Errors of a run whose store thread ended. */
const EXPECTED = /database thread ended/i;

export interface BinaryHubOptions {
  binary: string;
  folder: string;
  bufferMemoryMb: number;
  env: Record<string, string>;
}

export async function startBinaryHub(options: BinaryHubOptions): Promise<HubUnderTest> {
  const dataFolder = join(options.folder, 'data');
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const runs: RunningProcess[] = [];
  /** Runs that ended because a store thread did. */
  const crashedRuns = new Set<RunningProcess>();
  const errors: string[] = [];
  let current = await run();
  const headers = await signInToApi(url);
  const token = headers['authorization']?.slice('Bearer '.length) ?? '';

  async function run(): Promise<RunningProcess> {
    const bufferMemory = String(options.bufferMemoryMb);
    const flags = ['--port', String(port), '--data', dataFolder, '--buffer-memory', bufferMemory];
    const hub = startProcess([options.binary, 'serve', ...flags], {
      ...options.env,
      SIGNALBOX_ADMIN_PASSWORD: PASSWORD,
      BUN_OPTIONS: `--preload ${STORE_THREAD_KILLER}`,
    });
    runs.push(hub);
    await hub.waitForOutput(/Signalbox is ready/);
    return hub;
  }

  async function shutDown() {
    current.kill('SIGTERM');
    const code = await current.exited;
    if (code !== 0) errors.push(`the hub exited with ${code} after SIGTERM`);
  }

  const hubProcess: HubProcess = {
    isUp: () => true,
    async kill() {
      current.kill('SIGKILL');
      await current.exited;
      current = await run();
    },
    async restart() {
      await shutDown();
      current = await run();
    },
    async killStoreThread(index) {
      const crashed = current;
      crashedRuns.add(crashed);
      crashed.kill(index % 2 === 0 ? 'SIGUSR1' : 'SIGUSR2');
      const code = await crashed.exited;
      if (code !== 1) errors.push(`the hub exited with ${code} after its store thread ended`);
      current = await run();
    },
    freeze: () => current.kill('SIGSTOP'),
    resume: () => current.kill('SIGCONT'),
  };

  return {
    processes: [hubProcess],
    processAt: () => hubProcess,
    port: () => port,
    issueToken: () => Promise.resolve(token),
    addAgent: (agentId) => addAgent(url, agentId, 'claude', headers),
    jumpClock() {
      throw new Error('The clock of another process cannot jump.');
    },
    failStore() {
      throw new Error('The store of another process cannot be made to fail.');
    },
    now: () => Date.now(),
    epochStart: epochTime,
    async stop() {
      await shutDown();
      return readSqliteRows(join(dataFolder, 'signalbox.db'));
    },
    dispose: () => Promise.resolve(),
    errors: () => [
      ...errors,
      ...runs.flatMap((each) =>
        findErrors(each.output()).filter((line) => !(crashedRuns.has(each) && EXPECTED.test(line))),
      ),
    ],
    log: () => runs.map((each) => each.output()).join('--- next run\n'),
  };
}

/** Returns the error lines of a hub's log. */
export function findErrors(log: string): string[] {
  return log.split('\n').filter((line) => / error /.test(line) || /^\s+at /.test(line));
}
