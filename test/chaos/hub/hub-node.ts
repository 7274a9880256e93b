// One of several hubs of a round: the compiled executable, which starts again after it has ended, as under a service manager.
import type { RunningProcess } from '../../support/processes.ts';
import { startProcess } from '../../support/processes.ts';
import { PASSWORD } from '../../support/binary.ts';
import { wait } from '../wait.ts';
import type { Link } from '../network/link.ts';
import { findErrors } from './binary-hub.ts';
import type { HubProcess } from './hub-under-test.ts';

/** Errors while the database cannot be reached, or is slow. */
const EXPECTED =
  /cannot be reached|has not (responded|answered)|The database (is|has)|Connection (closed|terminated)/;

/** The pause of a service manager before the next start. */
const PAUSE_MS = 300;
/** Service managers kill what takes longer to stop. */
const STOP_MS = 40_000;

export interface HubNodeOptions {
  node: string;
  port: number;
  binary: string;
  flags: readonly string[];
  env: Record<string, string>;
  /** To the database, and to the bus, which can pass the database. */
  database: Link;
  bus: Link;
  /** How long it is down after a crash, in milliseconds. */
  pickDownTime(): number;
}

export interface HubNode extends HubProcess {
  node: string;
  port: number;
  database: Link;
  bus: Link;
  /** Resolves when it is ready after its latest start. */
  ready(): Promise<void>;
  /** Shuts it down for good. */
  shutDown(): Promise<void>;
  errors(): string[];
  log(): string;
}

export function startHubNode(options: HubNodeOptions): HubNode {
  const { node, port, binary, database, bus } = options;
  const runs: RunningProcess[] = [];
  const errors: string[] = [];
  /** The process that is ready; null while there is none. */
  let current: RunningProcess | null = null;
  const state = { isStopped: false };
  let starting = start();

  /** Starts it until it is ready: while the database is away, or its lease from before a crash lasts, it ends at once. */
  async function start(): Promise<void> {
    while (!state.isStopped) {
      const flags = ['--node', node, '--port', String(port), ...options.flags];
      const run = startProcess([binary, 'serve', ...flags], {
        ...options.env,
        SIGNALBOX_ADMIN_PASSWORD: PASSWORD,
      });
      runs.push(run);
      try {
        await run.waitForOutput(/Signalbox is ready/);
        current = run;
        void run.exited.then((code) => onExit(run, code));
        return;
      } catch {
        await wait(PAUSE_MS);
      }
    }
  }

  function onExit(run: RunningProcess, code: number) {
    if (run !== current) return;
    errors.push(`${node} exited by itself with ${code}`);
    current = null;
    starting = start();
  }

  async function stop(): Promise<void> {
    await starting;
    const stopped = current;
    current = null;
    if (!stopped) return;
    stopped.kill('SIGTERM');
    const timer = setTimeout(() => {
      errors.push(`${node} did not stop within ${STOP_MS / 1000} s`);
      stopped.kill('SIGKILL');
    }, STOP_MS);
    const code = await stopped.exited;
    clearTimeout(timer);
    if (code !== 0) errors.push(`${node} exited with ${code} after SIGTERM`);
  }

  return {
    node,
    port,
    database,
    bus,
    isUp: () => current !== null,
    ready: () => starting,
    async kill() {
      const killed = current;
      current = null;
      if (!killed) return;
      killed.kill('SIGKILL');
      await killed.exited;
      starting = wait(options.pickDownTime()).then(start);
    },
    async restart() {
      await stop();
      starting = start();
      await starting;
    },
    killStoreThread() {
      throw new Error('Only the threads of a hub that is alone are ended.');
    },
    freeze: () => current?.kill('SIGSTOP'),
    resume: () => current?.kill('SIGCONT'),
    async shutDown() {
      await stop();
      state.isStopped = true;
    },
    errors: () => [
      ...errors,
      ...runs
        .flatMap((run) => findErrors(run.output()))
        .filter((line) => !EXPECTED.test(line))
        .map((line) => `${node}: ${line}`),
    ],
    log: () => runs.map((run) => run.output()).join('--- next run\n'),
  };
}
