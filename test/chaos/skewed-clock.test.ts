// The fault of wrong clocks needs a library. Without it, the fault would do nothing.
import { expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { skewClock } from './hub/skewed-clock.ts';

test('libfaketime is found for any architecture, and required', () => {
  const folder = createTemporaryFolder();
  try {
    expect(() => skewClock(60, folder.path)).toThrow('Run: make faketime');
    const faketime = join(folder.path, 'aarch64-linux-gnu/faketime');
    mkdirSync(faketime, { recursive: true });
    const library = join(faketime, 'libfaketime.so.1');
    writeFileSync(library, '');
    expect(skewClock(60, folder.path)).toMatchObject({ LD_PRELOAD: library, FAKETIME: '+60' });
    expect(skewClock(-60, folder.path)).toMatchObject({ FAKETIME: '-60' });
  } finally {
    folder.remove();
  }
});
