// A pipe for a command's stderr. Bun's own "pipe" is a socket, which programs cannot open as /dev/stderr.
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { createGate } from '../process/gate.ts';

/** Both ends of a pipe, as file descriptors. */
export interface NamedPipe {
  /** The name that /proc shows for its descriptors. */
  name: string;
  read: number;
  write: number;
}

/**
 * Creates a named pipe, opens both ends and removes its file.
 * @param path where to create the file
 * @throws if it cannot be created
 */
export function openNamedPipe(path: string): NamedPipe {
  const mkfifo = Bun.spawnSync(['mkfifo', '-m', '600', path]);
  if (!mkfifo.success) throw new Error(`mkfifo: ${mkfifo.stderr.toString().trim()}`);
  try {
    const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const write = openSync(path, constants.O_WRONLY);
    return { name: `${path} (deleted)`, read, write };
  } finally {
    rmSync(path);
  }
}

/** Reads a pipe until its end, then closes the descriptor. While paused, it reads nothing and the writers block. */
export function createPipeReader(descriptor: number, onData: (bytes: Uint8Array) => void) {
  const reader = Bun.file(descriptor).stream().getReader();
  const gate = createGate();

  async function readAll(): Promise<void> {
    try {
      for (;;) {
        await gate.passed();
        const { done, value } = await reader.read();
        if (done) return;
        onData(value);
      }
    } catch {
      // Cancelled or broken: nothing more can be read.
    } finally {
      closeSync(descriptor);
    }
  }

  return {
    closed: readAll(),
    pause: gate.close,
    resume: gate.open,
    close(): void {
      gate.open();
      void reader.cancel().catch(() => undefined);
    },
  };
}
