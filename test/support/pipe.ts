// A pipe whose reading end belongs to the test. The pipes of Bun.spawn are read eagerly, so no reader of them is slow.
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { pollUntil } from './processes.ts';

const READ_BYTES = 4096;

export interface Pipe {
  /** The file descriptor to pass to a child process as its stdout or stderr. */
  readonly writeEnd: number;
  /** Fills the pipe, so that the next write to it has to wait for the reader. Returns how many bytes that took. */
  fill(): number;
  /** Closes the writing end of this process. Call it after the child process has started. */
  closeWriteEnd(): void;
  /** Closes the reading end, as `head` does when it has read enough. */
  closeReadEnd(): void;
  /** Reads slowly, in small pieces, until the text contains `end`, and returns all text so far. */
  readUntil(end: string): Promise<string>;
  /** Reads slowly, in small pieces, until every writing end is closed, and returns all text. */
  readToEnd(): Promise<string>;
}

/** Creates a pipe as a FIFO in a folder. */
export function createPipe(folder: string): Pipe {
  const path = join(folder, `pipe-${Bun.randomUUIDv7()}`);
  Bun.spawnSync(['mkfifo', path]);
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeEnd = openSync(path, constants.O_WRONLY);

  const decoder = new TextDecoder();
  let text = '';

  /** Reads once if there is something to read. False at the end. */
  function readSome(): boolean {
    const bytes = new Uint8Array(READ_BYTES);
    try {
      const length = readSync(readEnd, bytes);
      text += decoder.decode(bytes.subarray(0, length), { stream: length > 0 });
      return length > 0;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return true;
      throw error;
    }
  }

  return {
    writeEnd,
    fill() {
      const fillEnd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
      let filled = 0;
      try {
        for (;;) filled += writeSync(fillEnd, new Uint8Array(READ_BYTES));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      }
      closeSync(fillEnd);
      return filled;
    },
    closeWriteEnd: () => closeSync(writeEnd),
    closeReadEnd: () => closeSync(readEnd),
    async readUntil(end) {
      await pollUntil(() => text.includes(end) || !readSome());
      return text;
    },
    async readToEnd() {
      await pollUntil(() => !readSome());
      closeSync(readEnd);
      return text;
    },
  };
}
