// Describes the machine that the figures belong to.
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { createTemporaryFolder } from '../test/support/temporary-folder.ts';
import { median } from './statistics.ts';

const GIBIBYTE = 2 ** 30;
const SYNCS = 50;
const SYNC_BYTES = 4_096;

export type Machine = ReturnType<typeof describeMachine>;

export function describeMachine() {
  const node = Bun.which('node');
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGigabytes: Math.round(totalmem() / GIBIBYTE),
    kernel: release(),
    bun: Bun.version,
    node: node === null ? null : Bun.spawnSync([node, '--version']).stdout.toString().trim(),
    /** How long the disk of the temporary folders takes to sync 4 KB. */
    fdatasyncMs: measureFdatasync(),
  };
}

/** One line of text. */
export function formatMachine(machine: Machine): string {
  const { processor, cores, memoryGigabytes, kernel, bun, node, fdatasyncMs } = machine;
  return [
    `${cores} cores (${processor})`,
    `${memoryGigabytes} GB`,
    `Linux ${kernel}`,
    `Bun ${bun}`,
    node === null ? 'no Node.js' : `Node.js ${node.replace('v', '')}`,
    `fdatasync ${fdatasyncMs.toFixed(2)} ms`,
  ].join(', ');
}

function measureFdatasync(): number {
  const folder = createTemporaryFolder();
  const file = openSync(join(folder.path, 'sync'), 'w');
  const bytes = new Uint8Array(SYNC_BYTES);
  const times = Array.from({ length: SYNCS }, () => {
    const startedAt = performance.now();
    writeSync(file, bytes);
    fdatasyncSync(file);
    return performance.now() - startedAt;
  });
  closeSync(file);
  folder.remove();
  return median(times);
}
