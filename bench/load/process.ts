// The process of a load generator. The benchmark starts it, and sends it one request after the other.
import { type CommandsOptions, runCommands } from './commands.ts';
import { flood, type FloodOptions } from './flood.ts';
import { connectPeer } from './peer.ts';
import { connectSignalbox } from './signalbox.ts';
import { sendSmallWrites, type SmallWritesOptions } from './small-writes.ts';
import type { Target, TargetOptions } from './target.ts';

export type LoadRequest =
  | { type: 'connect'; options: TargetOptions }
  | { type: 'flood'; options: FloodOptions }
  | { type: 'smallWrites'; options: SmallWritesOptions }
  | { type: 'commands'; options: CommandsOptions }
  /** Closes this many readers and opens others. */
  | { type: 'reconnect'; options: { readers: number } };

let target: Target | undefined;

async function connect(options: TargetOptions): Promise<void> {
  target =
    options.protocol === 'signalbox' ? await connectSignalbox(options) : await connectPeer(options);
}

async function reconnect({ readers, openReader }: Target, count: number): Promise<void> {
  for (const reader of readers.splice(0, count)) reader.connection.close();
  for (let i = 0; i < count; i += 1) readers.push(await openReader());
}

async function handle(request: LoadRequest): Promise<unknown> {
  if (request.type === 'connect') return connect(request.options);
  if (!target) throw new Error('The load generator is not connected.');
  switch (request.type) {
    case 'flood':
      return flood(target, request.options);
    case 'smallWrites':
      return sendSmallWrites(target, request.options);
    case 'commands':
      return runCommands(target, request.options);
    case 'reconnect':
      return reconnect(target, request.options.readers);
    default:
      return request satisfies never;
  }
}

process.on('message', (request: LoadRequest) => {
  void handle(request).then((result) => process.send?.({ result }));
});
process.on('disconnect', () => process.exit());
// An unhandled error ends the process, and with it the benchmark.
process.send?.({ result: 'ready' });
