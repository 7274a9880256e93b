// The process of an AI program: started in its own process group, connected over stdin and stdout, and killed together
// with everything it started.
import {
  type AnyMessage,
  type ClientApp,
  ndJsonStream,
  type Stream,
} from '@agentclientprotocol/sdk';
import type { Clock } from '../../protocol/clock.ts';
import { childEnvironment } from '../process/environment.ts';
import { createGate, type Gate } from '../process/gate.ts';
import { isAlive } from '../process/table.ts';
import { findProcessTree, killAll, signalProcessTree } from '../process/tree.ts';
import type { PidFile } from './pid-file.ts';

/** How much of stderr is kept to explain why a program exited. */
const STDERR_LENGTH = 4_096;
/** How long a program may take to exit after SIGTERM, in milliseconds. */
const EXIT_TIMEOUT_MS = 1_000;

export interface AcpProcessOptions {
  argv: readonly string[];
  cwd: string;
  env: Record<string, string | undefined>;
  clock: Clock;
  pidFile: PidFile;
  /** Handles the program's requests and notifications. */
  client: ClientApp;
}

export type AcpProcess = ReturnType<typeof startAcpProcess>;

/** @throws if the program cannot be started */
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
  const gate = createGate();
  const responseListeners = new Map<unknown, () => void>();
  let stderrTail = '';

  void (async () => {
    const decoder = new TextDecoder();
    for await (const bytes of child.stderr) {
      stderrTail = (stderrTail + decoder.decode(bytes, { stream: true })).slice(-STDERR_LENGTH);
    }
  })();

  const stdin = new WritableStream<Uint8Array>({
    async write(bytes) {
      await child.stdin.write(bytes);
      await child.stdin.flush();
    },
  });
  const stream = ndJsonStream(stdin, gatedStream(child.stdout, gate));
  const connection = client.connect(
    observeResponses(stream, (requestId) => {
      responseListeners.get(requestId)?.();
      responseListeners.delete(requestId);
    }),
  );

  const findProcesses = () => findProcessTree(mark, pid);
  const signal = (name: NodeJS.Signals) => signalProcessTree(mark, pid, name);

  /** Resolves with a description of the exit status when none of the program's processes are running. */
  const exited = child.exited.then(async (exitCode) => {
    await killAll(findProcesses, clock);
    pidFile.remove(mark);
    connection.close();
    return child.signalCode === null ? `exit code ${exitCode}` : String(child.signalCode);
  });

  return {
    pid,
    agent: connection.agent,
    exited,
    isAlive: () => isAlive(pid),
    /** The end of what the program wrote to stderr. */
    stderrTail: () => stderrTail,

    /** Calls `onWritten` when the response to one of the program's requests has been written to its stdin. */
    onResponseWritten: (requestId: unknown, onWritten: () => void) =>
      void responseListeners.set(requestId, onWritten),

    pause: gate.close,
    resume: gate.open,
    signal,
    /** The PIDs of the program and everything it started. */
    findProcesses,

    /** Terminates the program, and kills it after a second. Resolves when none of its processes are running. */
    async close(): Promise<void> {
      gate.open();
      await Promise.resolve(child.stdin.end()).catch(() => undefined);
      signal('SIGTERM');
      const cancelKill = clock.after(EXIT_TIMEOUT_MS, () => signal('SIGKILL'));
      await exited;
      cancelKill();
    },
  };
}

/** Reads from `stream` only while the gate is open. */
function gatedStream(stream: ReadableStream<Uint8Array>, gate: Gate): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        await gate.passed();
        const { done, value } = await reader.read();
        if (done) return controller.close();
        controller.enqueue(value);
      },
      cancel: () => reader.cancel(),
    },
    { highWaterMark: 0 },
  );
}

/** Calls `onResponse` with the request's ID after a response has been written. */
function observeResponses(stream: Stream, onResponse: (requestId: unknown) => void): Stream {
  const writer = stream.writable.getWriter();
  return {
    readable: stream.readable,
    writable: new WritableStream<AnyMessage>({
      async write(message) {
        await writer.write(message);
        if (!('method' in message)) onResponse(message.id);
      },
      close: () => writer.close(),
      abort: (reason) => writer.abort(reason),
    }),
  };
}
