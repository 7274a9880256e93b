// Mutation testing of src/hub: changes one operator, literal or statement at a time and runs the tests of hub and web. A
// mutant that no test notices shows code that is not tested, or not needed. Works on copies of the repository.
//   bun test/mutation/main.ts [--sample N] [--seed N] [--parallel N] [--out FILE] [PATH …]
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createPrng } from '../chaos/prng.ts';
import { type Coverage, recordCoverage } from './coverage.ts';
import { listMutants, type Mutant } from './mutants.ts';
import { testMutant, type Verdict } from './test-run.ts';

const ROOT = join(import.meta.dir, '..', '..');
const COPIED = ['src', 'views', 'public', 'test', 'package.json', 'tsconfig.json', 'bunfig.toml'];

const { values, positionals } = parseArgs({
  options: {
    sample: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    parallel: { type: 'string', default: '1' },
    out: { type: 'string' },
  },
  allowPositionals: true,
});

function copyRepository(): string {
  const copy = mkdtempSync(join(tmpdir(), 'signalbox-mutation-'));
  for (const entry of COPIED) cpSync(join(ROOT, entry), join(copy, entry), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

async function test(copy: string, coverage: Coverage, mutant: Mutant): Promise<Verdict> {
  const path = join(copy, mutant.file);
  const original = readFileSync(path, 'utf8');
  writeFileSync(path, mutant.text);
  try {
    return await testMutant(copy, coverage, mutant);
  } finally {
    writeFileSync(path, original);
  }
}

function choose(mutants: readonly Mutant[], count: number): Mutant[] {
  if (count === 0 || count >= mutants.length) return [...mutants];
  const prng = createPrng(values.seed);
  return mutants
    .map((mutant) => ({ mutant, order: prng.between(0, 1_000_000) }))
    .toSorted((a, b) => a.order - b.order)
    .slice(0, count)
    .map(({ mutant }) => mutant);
}

const report: string[] = [];
function print(line: string) {
  process.stdout.write(`${line}\n`);
  report.push(line);
  if (values.out) writeFileSync(values.out, `${report.join('\n')}\n`);
}

let noticed = 0;
let total = 0;

async function testFile(copy: string, coverage: Coverage, file: string) {
  const all = listMutants(file, readFileSync(join(copy, file), 'utf8'));
  const mutants = choose(all, Number(values.sample));
  if (mutants.length === 0) return;
  const counts = { killed: 0, hung: 0, survived: 0 };
  const survivors: string[] = [];
  for (const mutant of mutants) {
    const verdict = await test(copy, coverage, mutant);
    counts[verdict] += 1;
    if (verdict !== 'survived') continue;
    survivors.push(`  survived: line ${mutant.line}: ${mutant.change}`);
  }
  const killed = counts.killed + counts.hung;
  noticed += killed;
  total += mutants.length;
  const hung = counts.hung > 0 ? `, ${counts.hung} by a timeout` : '';
  print(
    [
      `${file}: ${killed} of ${mutants.length}${hung} (of ${all.length} possible)`,
      ...survivors,
    ].join('\n'),
  );
}

// In the order of the given paths.
const paths = positionals.length === 0 ? ['src/hub'] : positionals;
const sources = [...new Bun.Glob('src/hub/**/*.ts').scanSync(ROOT)].toSorted();
const files = new Set(paths.flatMap((path) => sources.filter((file) => file.startsWith(path))));
const copies = Array.from({ length: Number(values.parallel) }, copyRepository);
const tests = [...new Bun.Glob('test/{hub,web}/**/*.test.ts').scanSync(ROOT)];
const coverage = await recordCoverage(copies, tests);
const pending = files.values();
await Promise.all(
  copies.map(async (copy) => {
    for (const file of pending) await testFile(copy, coverage, file);
    rmSync(copy, { recursive: true });
  }),
);
print(`Mutation score: ${noticed} of ${total}`);
