// Mutation testing of src/hub: changes one operator, literal or statement at a time and runs the hub's tests. A mutant that
// no test notices shows code that is not tested, or not needed. Works on a copy of the repository.
//   bun test/mutation/main.ts [--sample N] [--seed N] [--out FILE] [PATH …]
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { createPrng } from '../chaos/prng.ts';
import { listMutants, type Mutant } from './mutants.ts';

const ROOT = join(import.meta.dir, '..', '..');
const TEST_TIMEOUT_MS = 20_000;
/** A mutant whose tests do not end is killed: something waits forever. */
const RUN_LIMIT_MS = 180_000;

const { values, positionals } = parseArgs({
  options: {
    sample: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string' },
  },
  allowPositionals: true,
});

/** Tests that are likely to notice a change of a file. The others run only for mutants that survive these. */
function nearTests(file: string): string[] {
  const folder = relative('src/hub', dirname(file));
  return folder === '' ? ['test/hub'] : [join('test/hub', folder)];
}

async function isNoticed(copy: string, tests: readonly string[]): Promise<boolean> {
  const child = Bun.spawn(
    [process.execPath, 'test', '--bail', '--timeout', String(TEST_TIMEOUT_MS), ...tests],
    { cwd: copy, stdout: 'ignore', stderr: 'ignore' },
  );
  const limit = setTimeout(() => child.kill('SIGKILL'), RUN_LIMIT_MS);
  const exitCode = await child.exited;
  clearTimeout(limit);
  return exitCode !== 0;
}

async function test(copy: string, mutant: Mutant): Promise<boolean> {
  const path = join(copy, mutant.file);
  const original = readFileSync(path, 'utf8');
  writeFileSync(path, mutant.text);
  try {
    return (
      (await isNoticed(copy, nearTests(mutant.file))) ||
      (await isNoticed(copy, ['test/hub', 'test/web']))
    );
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

const files = [...new Bun.Glob('src/hub/**/*.ts').scanSync(ROOT)]
  .filter((file) => positionals.length === 0 || positionals.some((path) => file.startsWith(path)))
  .toSorted();
const copy = mkdtempSync(join(tmpdir(), 'signalbox-mutation-'));
for (const entry of [
  'src',
  'views',
  'public',
  'test',
  'package.json',
  'tsconfig.json',
  'bunfig.toml',
]) {
  cpSync(join(ROOT, entry), join(copy, entry), { recursive: true });
}
symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));

const report: string[] = [];
function print(line: string) {
  process.stdout.write(`${line}\n`);
  report.push(line);
  if (values.out) writeFileSync(values.out, `${report.join('\n')}\n`);
}

let noticed = 0;
let total = 0;
for (const file of files) {
  const all = listMutants(file, readFileSync(join(ROOT, file), 'utf8'));
  const mutants = choose(all, Number(values.sample));
  const survivors: Mutant[] = [];
  for (const mutant of mutants) if (!(await test(copy, mutant))) survivors.push(mutant);
  if (mutants.length === 0) continue;
  const killed = mutants.length - survivors.length;
  noticed += killed;
  total += mutants.length;
  print(`${file}: ${killed} of ${mutants.length} (of ${all.length} possible)`);
  for (const { line, change } of survivors) print(`  survived: line ${line}: ${change}`);
}
print(`Mutation score: ${noticed} of ${total}`);
rmSync(copy, { recursive: true });
