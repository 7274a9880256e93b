// Runs many commands with much output, one after the other on each source, as fast as the server stores it.
import { CHUNK_BYTES } from '../../src/protocol/limits.ts';
import { percentile } from '../statistics.ts';
import type { Target } from './target.ts';

const data = 'x'.repeat(CHUNK_BYTES);

export interface CommandsOptions {
  /** Commands of all sources together. */
  commands: number;
  /** The output of each. */
  chunks: number;
}

export interface CommandsResult {
  /** The time from requesting a command until it is accepted, in milliseconds. */
  acceptP50: number;
  acceptP99: number;
}

/** Resolves when the server has stored the output of all commands. */
export async function runCommands(
  { sources }: Target,
  { commands, chunks }: CommandsOptions,
): Promise<CommandsResult> {
  const acceptMs: number[] = [];
  let started = 0;
  await Promise.all(
    sources.map(async (source) => {
      while (started < commands) {
        started += 1;
        acceptMs.push(await source.begin());
        for (let sequence = 0; sequence < chunks; sequence += 1) source.send(sequence, data);
        await source.end(chunks - 1);
      }
    }),
  );
  return { acceptP50: percentile(acceptMs, 0.5), acceptP99: percentile(acceptMs, 0.99) };
}
