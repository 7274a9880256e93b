// `make chaos`: many rounds of faults, each in a process of its own, and a summary. Exit code 1 where a round failed, or
// where a long run left out a kind of fault.
import { Command } from 'commander';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildBinary } from '../support/binary.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { parseCount } from '../../src/config.ts';
import { endMarked, markOf } from './processes.ts';
import { playRound, type Round } from './round.ts';
import { addTally, emptyTally, tell } from './tally.ts';

/** A run so long meets every kind of fault, or does not do what it says. */
const LONG_RUN = 50;
/** A round that takes longer hangs. */
const ROUND_MS = 150_000;

interface Options {
  rounds: number;
  seed: number;
  parallel: number;
  keep: boolean;
  report: boolean;
  binary?: string;
}

const options = new Command('chaos')
  .description(
    'Play rounds of faults against the compiled binary, and check what became of every command.',
  )
  .option('--rounds <number>', 'how many', parseCount, 500)
  .option('--seed <number>', 'of the first round; the next ones count up', parseCount, 1)
  .option('--parallel <number>', 'rounds at a time', parseCount, 2)
  .option('--keep', 'leave the folders of the rounds, with logs', false)
  .option('--report', 'print each round as a line of JSON', false)
  .option('--binary <path>', 'the binary to play with; built where none is named')
  .parse()
  .opts<Options>();

const folder = createTemporaryFolder();
/** The processes of the rounds under way, by their marks. */
const playing = new Map<string, Bun.Subprocess>();

/** Set once somebody has asked to stop. */
const asked: { leaving: Promise<never> | null } = { leaving: null };

/** Leaves nothing behind. */
async function leave(exitCode: number): Promise<never> {
  const own = options.rounds === 1 ? [markOf(process.pid, options.seed)] : [];
  for (const child of playing.values()) child.kill();
  for (const child of playing.values()) await child.exited;
  for (const mark of [...playing.keys(), ...own]) await endMarked(mark);
  folder.remove();
  process.exit(exitCode);
}

/** Plays one round in a process of its own. */
async function spawnRound(seed: number, binary: string): Promise<Round> {
  const flags = ['--rounds', '1', '--seed', String(seed), '--report', '--binary', binary];
  const child = Bun.spawn([process.execPath, import.meta.path, ...flags], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
    timeout: ROUND_MS,
    // What it leaves behind goes with the folder of the run.
    env: { ...process.env, TMPDIR: folder.path },
  });
  const mark = markOf(child.pid, seed);
  playing.set(mark, child);
  const text = await new Response(child.stdout).text();
  await endMarked(mark);
  playing.delete(mark);
  const last = text.trim().split('\n').at(-1) ?? '';
  if (last.startsWith('{')) return JSON.parse(last) as Round;
  const violations = [`the round ended without a report, with ${await child.exited}: ${text}`];
  return { ...emptyTally(), rounds: 1, seed, violations };
}

function tellViolations({ seed, violations }: Round) {
  if (violations.length === 0) return;
  console.log(`\nround ${seed}: ${violations.length} violations`);
  for (const violation of violations.slice(0, 12)) console.log(`  ${violation.slice(0, 600)}`);
  console.log(`replay: node_modules/.bin/bun test/chaos/main.ts --rounds 1 --seed ${seed}`);
}

async function run(): Promise<number> {
  const binary = options.binary ?? join(folder.path, 'signalbox');
  // A copy: whoever builds anew meanwhile shall not change what is being looked at.
  if (options.binary === undefined) copyFileSync(buildBinary(), binary);
  const sum = emptyTally();
  let violations = 0;
  let next = 0;
  const began = Date.now();

  function take(round: Round) {
    addTally(sum, round);
    violations += round.violations.length;
    if (options.report) return console.log(JSON.stringify(round));
    tellViolations(round);
    if (sum.rounds % 10 === 0) {
      console.log(
        `${sum.rounds} rounds, ${violations} violations, ${Math.round((Date.now() - began) / 1000)} s`,
      );
    }
  }

  async function work() {
    while (next < options.rounds && !asked.leaving) {
      const seed = options.seed + next;
      next += 1;
      const round =
        options.rounds === 1
          ? await playRound(seed, { binary, keeps: options.keep })
          : await spawnRound(seed, binary);
      if (!asked.leaving) take(round);
    }
  }

  await Promise.all(Array.from({ length: Math.min(options.parallel, options.rounds) }, work));
  const missing = Object.entries(sum.faults).flatMap(([kind, times]) =>
    times === 0 ? [kind] : [],
  );
  const isHollow = options.rounds >= LONG_RUN && missing.length > 0;
  if (!options.report) {
    console.log(`\n${tell(sum, violations)}`);
    console.log(`took        ${Math.round((Date.now() - began) / 1000)} s`);
    if (isHollow) console.log(`never met: ${missing.join(', ')}`);
  }
  return violations > 0 || isHollow ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => void (asked.leaving ??= leave(130)));
}
const exitCode = await run();
await (asked.leaving ?? leave(exitCode));
