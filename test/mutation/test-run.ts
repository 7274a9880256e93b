// Runs the hub's tests against a mutant in a copy of the repository. A failure counts only if the test file fails twice.
import { basename, dirname, relative } from 'node:path';
import { type Coverage, isCovered } from './coverage.ts';
import type { Mutant } from './mutants.ts';

/** `hung`: a test timed out, or the process did not end. */
export type Verdict = 'killed' | 'hung' | 'survived';

const TEST_TIMEOUT_MS = 4_000;
/** A test that timed out gets more time on a busy machine before the mutant counts as hung. */
const CONFIRM_TIMEOUT_MS = 10_000;
const NEAR_LIMIT_MS = 60_000;
const RUN_LIMIT_MS = 180_000;

/** How often each test file has failed. Tests that noticed other mutants run first. */
const kills = new Map<string, number>();

/** Orders the tests that run a mutant's line: those named like its file, those of its folder, the others. */
function planTests(
  coverage: Coverage,
  { file, line }: Mutant,
): { near: string[]; others: string[] } {
  const covering = [...coverage.keys()]
    .filter((test) => isCovered(coverage, test, file, line))
    .toSorted((a, b) => (kills.get(b) ?? 0) - (kills.get(a) ?? 0));
  const folder = relative('src/hub', dirname(file));
  const name = basename(file, '.ts').replace(/s$/, '');
  const isNamesake = (test: string) => basename(test).startsWith(name);
  const isNeighbor = (test: string) => folder !== '' && test.startsWith(`test/hub/${folder}/`);
  const namesakes = covering.filter(isNamesake);
  const near = [...namesakes, ...covering.filter((test) => !isNamesake(test) && isNeighbor(test))];
  return { near, others: covering.filter((test) => !near.includes(test)) };
}

interface Run {
  hasPassed: boolean;
  isHung: boolean;
  /** The files to run again for confirmation. */
  failed: readonly string[];
}

async function runTests(
  copy: string,
  tests: readonly string[],
  timeoutMs: number,
  limitMs: number,
): Promise<Run> {
  const child = Bun.spawn(
    [process.execPath, 'test', '--bail', '--timeout', String(timeoutMs), ...tests],
    { cwd: copy, stdout: 'ignore', stderr: 'pipe' },
  );
  let isOverLimit = false;
  const limit = setTimeout(() => {
    isOverLimit = true;
    child.kill('SIGKILL');
  }, limitMs);
  const output = await new Response(child.stderr).text();
  const exitCode = await child.exited;
  clearTimeout(limit);
  const isHung = isOverLimit || output.includes('this test timed out');
  const file = output.match(/^test\/.+\.test\.ts(?=:$)/gm)?.at(-1);
  return {
    hasPassed: exitCode === 0,
    isHung,
    // A process that does not end may hang in a file that has not printed its name yet.
    failed: file === undefined || isOverLimit ? tests : [file],
  };
}

async function runStage(copy: string, tests: readonly string[], limitMs: number): Promise<Verdict> {
  let pending = tests;
  while (pending.length > 0) {
    const first = await runTests(copy, pending, TEST_TIMEOUT_MS, limitMs);
    if (first.hasPassed) return 'survived';
    const second = await runTests(copy, first.failed, CONFIRM_TIMEOUT_MS, limitMs);
    if (!second.hasPassed) {
      for (const file of second.failed) kills.set(file, (kills.get(file) ?? 0) + 1);
      return second.isHung ? 'hung' : 'killed';
    }
    pending = pending.filter((test) => !first.failed.includes(test));
  }
  return 'survived';
}

/** Runs the tests that are likely to notice a mutant, then the others if it survives. */
export async function testMutant(
  copy: string,
  coverage: Coverage,
  mutant: Mutant,
): Promise<Verdict> {
  const { near, others } = planTests(coverage, mutant);
  const verdict = await runStage(copy, near, NEAR_LIMIT_MS);
  return verdict === 'survived' ? runStage(copy, others, RUN_LIMIT_MS) : verdict;
}
