// A pipe that is really a pipe: Bun's own "pipe" is a socket, which programs cannot open by the name /dev/stderr.
import { closeSync, constants, openSync, rmSync } from 'node:fs';

export interface NamedPipe {
  /** As /proc names it. */
  name: string;
  read: number;
  write: number;
}

/**
 * Makes a pipe with both ends open, whose file is gone.
 * @param path where its file is for a moment
 * @throws where it cannot be made
 */
export function openNamedPipe(path: string): NamedPipe {
  const made = Bun.spawnSync(['mkfifo', '-m', '600', path]);
  if (!made.success) throw new Error(`mkfifo: ${made.stderr.toString().trim()}`);
  try {
    const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const write = openSync(path, constants.O_WRONLY);
    return { name: `${path} (deleted)`, read, write };
  } finally {
    rmSync(path);
  }
}

/** Reads a pipe to its end, and closes it. Paused, it reads no more, and its writers wait. */
export function createPipeReader(descriptor: number, take: (bytes: Uint8Array) => void) {
  const reader = Bun.file(descriptor).stream().getReader();
  let gate: PromiseWithResolvers<void> | null = null;

  async function readAll(): Promise<void> {
    try {
      for (;;) {
        await gate?.promise;
        const { done, value } = await reader.read();
        if (done) return;
        take(value);
      }
    } catch {
      // Cancelled, or broken: either way there is no more.
    } finally {
      closeSync(descriptor);
    }
  }

  function open(): void {
    gate?.resolve();
    gate = null;
  }

  return {
    closed: readAll(),
    pause(): void {
      gate ??= Promise.withResolvers();
    },
    resume: open,
    close(): void {
      open();
      void reader.cancel().catch(() => undefined);
    },
  };
}
