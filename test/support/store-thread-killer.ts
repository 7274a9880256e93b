// Preloaded into a hub: SIGUSR1 ends the thread that writes, SIGUSR2 the one that reads, as a crash would.
const NativeWorker = globalThis.Worker;
const workers: Worker[] = [];

globalThis.Worker = class extends NativeWorker {
  constructor(...args: ConstructorParameters<typeof Worker>) {
    super(...args);
    workers.push(this);
  }
};
process.on('SIGUSR1', () => workers[0]?.terminate());
process.on('SIGUSR2', () => workers[1]?.terminate());
