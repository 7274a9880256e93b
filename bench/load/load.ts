// The benchmark's end of a load generator, which is a process of its own.
import { join } from 'node:path';
import type { CommandsOptions, CommandsResult } from './commands.ts';
import type { FloodOptions, FloodResult } from './flood.ts';
import type { LoadRequest } from './process.ts';
import type { SmallWritesOptions, SmallWritesResult } from './small-writes.ts';
import type { TargetOptions } from './target.ts';

/** Starts a load generator and connects it to a server. */
export async function startLoad(options: TargetOptions) {
  let pending = Promise.withResolvers<unknown>();
  let isStopping = false;
  let failure: Error | null = null;
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'process.ts')], {
    stdin: 'ignore',
    stdout: 'inherit',
    stderr: 'inherit',
    ipc: ({ result }: { result: unknown }) => pending.resolve(result),
    onExit() {
      if (isStopping) return;
      failure = new Error('The load generator has ended with an error.');
      pending.reject(failure);
    },
  });

  async function call<T>(request: LoadRequest): Promise<T> {
    if (failure) throw failure;
    pending = Promise.withResolvers();
    child.send(request);
    return (await pending.promise) as T;
  }

  await pending.promise;
  await call({ type: 'connect', options });
  return {
    flood: (flood: FloodOptions) => call<FloodResult>({ type: 'flood', options: flood }),
    sendSmallWrites: (smallWrites: SmallWritesOptions) =>
      call<SmallWritesResult>({ type: 'smallWrites', options: smallWrites }),
    runCommands: (commands: CommandsOptions) =>
      call<CommandsResult>({ type: 'commands', options: commands }),
    reconnect: (readers: number) => call<undefined>({ type: 'reconnect', options: { readers } }),
    async stop() {
      isStopping = true;
      child.kill();
      await child.exited;
    },
  };
}
