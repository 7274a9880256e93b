// `make bench`: runs the scenarios, prints one table, and writes all figures as JSON beside it.
import { Command } from 'commander';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { integerParser } from '../src/config.ts';
import { formatMachine, describeMachine } from './machine.ts';
import { runScenario, type ScenarioResult } from './run.ts';
import { scenarios } from './scenarios/all.ts';
import { formatTable } from './table.ts';

const OUTPUT = join(import.meta.dir, '..', 'dist', 'bench');
/** What a short run multiplies amounts by. */
const QUICK_SCALE = 0.2;

interface Options {
  rounds: number;
  quick: boolean;
  scale?: number;
  only?: string;
  list: boolean;
}

const options = new Command('bench')
  .description('Measure Signalbox beside the raw limit and its peers.')
  .option('--rounds <number>', 'rounds per scenario', integerParser(1, 1_000), 5)
  .option('--quick', 'run the short scenarios with less of everything', false)
  .option('--scale <number>', 'multiply all amounts by this', Number)
  .option(
    '--only <name>',
    'run the scenario with this name, and those whose names begin with it and a hyphen',
  )
  .option('--list', 'list the scenarios', false)
  .parse()
  .opts<Options>();

if (options.list) {
  for (const { name, description } of scenarios) process.stdout.write(`${name}: ${description}\n`);
  process.exit();
}

const { only, quick } = options;
const selected = scenarios.filter(({ name, isQuick }) =>
  only === undefined ? !quick || isQuick : name === only || name.startsWith(`${only}-`),
);
if (selected.length === 0) throw new Error(`There is no scenario "${only}". Use --list.`);

const machine = describeMachine();
const startedAt = new Date().toISOString();
const version = Bun.spawnSync(['git', 'describe', '--always', '--dirty']).stdout.toString().trim();
const results: ScenarioResult[] = [];
mkdirSync(OUTPUT, { recursive: true });
const file = join(OUTPUT, `${startedAt.replaceAll(':', '-')}.json`);
for (const scenario of selected) {
  results.push(
    await runScenario(scenario, {
      rounds: options.rounds,
      scale: options.scale ?? (quick ? QUICK_SCALE : 1),
      isQuick: quick,
      onProgress: (text) => process.stderr.write(`${text}\n`),
    }),
  );
  // Written after each scenario, so that an interrupted run keeps its figures.
  await Bun.write(file, JSON.stringify({ startedAt, version, machine, options, results }, null, 2));
}
const minutes = (Date.now() - Date.parse(startedAt)) / 60_000;

process.stdout.write(`${version} on ${formatMachine(machine)}\n`);
process.stdout.write(
  `Medians of up to ${options.rounds} rounds, in ${minutes.toFixed(1)} minutes. 1 MB is 1,048,576 bytes. Slow disks are simulated (LD_PRELOAD).\n\n`,
);
process.stdout.write(`${formatTable(results)}\n`);
process.stdout.write(`\nAll figures: ${file}\n`);
process.exit(results.some(({ hasFailed }) => hasFailed) ? 1 : 0);
