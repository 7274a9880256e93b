// Which lines of src/hub each test file runs. A mutant needs only the tests that run its line.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** For each test file and source file, the number of runs by line, starting with line 1. */
export type Coverage = Map<string, Map<string, (number | undefined)[]>>;

/** Runs each test file alone and records the lines it runs. The fastest test is first. */
export async function recordCoverage(
  copies: readonly string[],
  tests: readonly string[],
): Promise<Coverage> {
  const recorded: { test: string; ms: number; lines: ReturnType<typeof parseLcov> }[] = [];
  const pending = tests.values();
  await Promise.all(
    copies.map(async (copy) => {
      const folder = mkdtempSync(join(tmpdir(), 'signalbox-coverage-'));
      for (const test of pending) {
        const start = performance.now();
        await runWithCoverage(copy, test, folder);
        const lines = parseLcov(readFileSync(join(folder, 'lcov.info'), 'utf8'));
        recorded.push({ test, ms: performance.now() - start, lines });
      }
      rmSync(folder, { recursive: true });
    }),
  );
  return new Map(
    recorded.toSorted((a, b) => a.ms - b.ms).map(({ test, lines }) => [test, lines] as const),
  );
}

async function runWithCoverage(copy: string, test: string, folder: string) {
  const options = ['--coverage', '--coverage-reporter=lcov', `--coverage-dir=${folder}`];
  const child = Bun.spawn([process.execPath, 'test', ...options, '--timeout', '60000', test], {
    cwd: copy,
    stdout: 'ignore',
    stderr: 'ignore',
  });
  if ((await child.exited) !== 0) throw new Error(`${test} fails without a mutant.`);
}

function parseLcov(report: string) {
  const files = new Map<string, (number | undefined)[]>();
  let lines: (number | undefined)[] = [];
  for (const record of report.split('\n')) {
    const [, kind, value = ''] = /^(SF|DA):(.*)$/.exec(record) ?? [];
    if (kind === 'SF') {
      lines = [];
      files.set(value, lines);
    }
    const [line = 0, runs] = value.split(',').map(Number);
    if (kind === 'DA') lines[line] = runs;
  }
  return files;
}

/** Whether a test runs a line. A line without a count, such as the second of a statement, has that of the line above. */
export function isCovered(coverage: Coverage, test: string, file: string, line: number): boolean {
  const counts = coverage.get(test)?.get(file);
  return (counts?.slice(0, line + 1).findLast((count) => count !== undefined) ?? 0) > 0;
}
