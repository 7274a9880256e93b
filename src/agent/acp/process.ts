// An AI's program as a process: started in a group of its own, spoken to over its stdin and stdout, and ended with all
// that it started.
import {
  type AnyMessage,
  type ClientApp,
  ndJsonStream,
  type Stream,
} from '@agentclientprotocol/sdk';
import type { Clock } from '../../protocol/clock.ts';
import { childEnvironment } from '../process/environment.ts';
import type { PidFile } from './pid-file.ts';
import { findProcessTree, isAlive, signalProcesses, signalProcessTree } from '../process/table.ts';

/** What a program said last on stderr is kept, to explain its end. */
const LAST_WORDS = 4_096;
/** How long a program may take to go by itself. */
const LEAVE_MS = 1_000;
const KILL_ROUND_MS = 10;
const KILL_ROUNDS = 200;

export interface AcpProcessOptions {
  argv: readonly string[];
  cwd: string;
  env: Record<string, string | undefined>;
  clock: Clock;
  pidFile: PidFile;
  /** What it may ask of us. */
  client: ClientApp;
}

export type AcpProcess = ReturnType<typeof startAcpProcess>;

/** @throws where it cannot be started at all */
export function startAcpProcess({ argv, cwd, env, clock, pidFile, client }: AcpProcessOptions) {
  const mark = Bun.randomUUIDv7();
  const child = Bun.spawn([...argv], {
    cwd,
    env: childEnvironment(env, mark),
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    detached: true,
  });
  const { pid } = child;
  pidFile.add(mark, pid);
  let lastWords = '';
  let gate: PromiseWithResolvers<void> | null = null;
  const written = new Map<unknown, () => void>();

  void (async () => {
    const decoder = new TextDecoder();
    for await (const bytes of child.stderr) {
      lastWords = (lastWords + decoder.decode(bytes, { stream: true })).slice(-LAST_WORDS);
    }
  })();

  const stdin = new WritableStream<Uint8Array>({
    async write(bytes) {
      await child.stdin.write(bytes);
      await child.stdin.flush();
    },
  });
  const connection = client.connect(
    noticing(
      ndJsonStream(
        stdin,
        gated(child.stdout, () => gate?.promise),
      ),
      (id) => {
        written.get(id)?.();
        written.delete(id);
      },
    ),
  );

  /** Nothing that it started may outlive it. */
  async function killFamily(): Promise<void> {
    for (let round = 0; round < KILL_ROUNDS; round += 1) {
      const pids = findProcessTree(mark, pid).map((member) => member.pid);
      if (pids.length === 0) return;
      signalProcesses(pids, 'SIGKILL');
      await wait(KILL_ROUND_MS);
    }
  }

  function wait(ms: number): Promise<void> {
    return new Promise((resolve) => void clock.after(ms, resolve));
  }

  /** Resolves with how it ended, once nothing of it is left. */
  const ended = child.exited.then(async (exitCode) => {
    await killFamily();
    pidFile.remove(mark);
    connection.close();
    return child.signalCode === null ? `exit code ${exitCode}` : String(child.signalCode);
  });

  return {
    pid,
    agent: connection.agent,
    ended,
    isAlive: () => isAlive(pid),
    lastWords: () => lastWords,

    /** Calls `act` once the answer to this request of the program's was written to it. */
    onceAnswered: (requestId: unknown, act: () => void) => void written.set(requestId, act),

    pause(): void {
      gate ??= Promise.withResolvers();
    },
    resume(): void {
      gate?.resolve();
      gate = null;
    },

    signal: (signal: NodeJS.Signals) => signalProcessTree(mark, pid, signal),
    /** Everything it has started so far and that runs. */
    family: () => findProcessTree(mark, pid).map((member) => member.pid),

    /** Asks it to go, and ends it if it does not. Resolves when nothing of it is left. */
    async close(): Promise<void> {
      gate?.resolve();
      await Promise.resolve(child.stdin.end()).catch(() => undefined);
      signalProcessTree(mark, pid, 'SIGTERM');
      const cancel = clock.after(LEAVE_MS, () => signalProcessTree(mark, pid, 'SIGKILL'));
      await ended;
      cancel();
    },
  };
}

/** A stream that is read only while nothing is in the way. */
function gated(
  stream: ReadableStream<Uint8Array>,
  gate: () => Promise<void> | undefined,
): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        await gate();
        const { done, value } = await reader.read();
        if (done) return controller.close();
        controller.enqueue(value);
      },
      cancel: () => reader.cancel(),
    },
    { highWaterMark: 0 },
  );
}

/** A stream that tells which answers have been written. */
function noticing(stream: Stream, answered: (id: unknown) => void): Stream {
  const writer = stream.writable.getWriter();
  return {
    readable: stream.readable,
    writable: new WritableStream<AnyMessage>({
      async write(message) {
        await writer.write(message);
        if (!('method' in message)) answered(message.id);
      },
      close: () => writer.close(),
      abort: (reason) => writer.abort(reason),
    }),
  };
}
