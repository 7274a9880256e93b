// A pipe for a command's stderr. Bun's own "pipe" is a socket, which programs cannot open as /dev/stderr.
import { dlopen, FFIType, type Pointer, ptr } from 'bun:ffi';
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { createGate } from '../process/gate.ts';

const LIBC = process.platform === 'darwin' ? 'libSystem.B.dylib' : 'libc.so.6';

type Mkfifo = (path: Pointer, mode: number) => number;
let mkfifo: Mkfifo | null = null;

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
  createFile(path);
  try {
    const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const write = openSync(path, constants.O_WRONLY);
    return { name: `${path} (deleted)`, read, write };
  } finally {
    rmSync(path);
  }
}

/** Calls the C library, and otherwise the program, which takes 10 ms longer and explains its errors. */
function createFile(path: string): void {
  mkfifo ??= openMkfifo();
  if (mkfifo(ptr(Buffer.from(`${path}\0`)), 0o600) === 0) return;
  const program = Bun.spawnSync(['mkfifo', '-m', '600', path]);
  if (!program.success) throw new Error(`mkfifo: ${program.stderr.toString().trim()}`);
}

function openMkfifo(): Mkfifo {
  try {
    const { pointer, u32, i32 } = FFIType;
    return dlopen(LIBC, { mkfifo: { args: [pointer, u32], returns: i32 } }).symbols.mkfifo;
  } catch {
    return () => -1;
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
