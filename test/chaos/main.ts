// `make chaos`: runs many rounds of faults, each in its own process, and prints a summary. Exits with 1 if a round has
// violations, or if a long run has not injected every kind of fault; without the fencing, if no round has violations.
import { Command, Option } from 'commander';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { integerParser } from '../../src/config.ts';
import { buildBinary } from '../support/binary.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { addCounters, createCounters, formatSummary } from './counters.ts';
import { listFaults } from './faults/kinds.ts';
import { createRoundId, killRoundProcesses } from './round-processes.ts';
import { type RoundResult, runRound } from './round.ts';
import {
  answerRound,
  type Call,
  connectToRun,
  type DatabaseServer,
  startDatabaseServer,
} from './servers/database.ts';
import { buildUnfenced } from './unfenced.ts';

/** A run of this many rounds must inject every kind of fault. */
const LONG_RUN = 50;
/** A round that takes longer is stuck. */
const ROUND_TIMEOUT_MS = 300_000;
const MAX_PRINTED_VIOLATIONS = 12;
const MAX_VIOLATION_CHARACTERS = 600;

interface Options {
  rounds: number;
  seed: number;
  parallel: number;
  keep: boolean;
  report: boolean;
  binary?: string;
  hubs: number;
  store: 'sqlite' | 'postgres';
  bus: 'pg' | 'nats';
  /** Whether to remove the fencing of writes. */
  unfenced: boolean;
  /** The only kinds of faults to inject. */
  only?: string;
  /** The port of the PostgreSQL server of the run. */
  databasePort?: number;
}

const parseCount = integerParser(1, 2 ** 31);
const options = new Command('chaos')
  .description(
    'Run the compiled executable under random faults and check every command and its output.',
  )
  .option('--rounds <number>', 'number of rounds', parseCount, 500)
  .option('--seed <number>', 'seed of the first round; it increases by 1 per round', parseCount, 1)
  .option('--parallel <number>', 'number of rounds at the same time', parseCount, 2)
  .option(
    '--keep',
    'keep the folders of rounds with violations, and of a single round, with logs',
    false,
  )
  .option('--report', 'print each round as a line of JSON', false)
  .option('--binary <path>', 'executable to test (default: build it)')
  .option('--hubs <number>', 'number of hubs; several need --store postgres', parseCount, 1)
  .addOption(
    new Option('--store <name>', 'where hubs store')
      .choices(['sqlite', 'postgres'])
      .default('sqlite'),
  )
  .addOption(
    new Option('--bus <name>', 'the bus of several hubs').choices(['pg', 'nats']).default('pg'),
  )
  .option(
    '--unfenced',
    'remove the fencing of writes from the executable, which must be found',
    false,
  )
  .option('--only <kinds>', 'inject only these kinds of faults, separated by commas; "" for none')
  .addOption(new Option('--database-port <port>').argParser(Number).hideHelp())
  .parse()
  .opts<Options>();

const hasCluster = options.store === 'postgres';
if (options.hubs > 1 && !hasCluster) throw new Error('Several hubs need --store postgres.');

const folder = createTemporaryFolder();
/** The PostgreSQL servers of the run: one for each round at the same time, because rounds restart them. */
const servers = new Set<Awaited<ReturnType<typeof startDatabaseServer>>>();
/** The processes of the current rounds, by round ID. */
const children = new Map<string, Bun.Subprocess>();
let exiting: Promise<never> | null = null;

/** Ends all processes, removes the folder and exits. */
async function cleanUpAndExit(exitCode: number): Promise<never> {
  const ownRound = options.rounds === 1 ? [createRoundId(process.pid, options.seed)] : [];
  for (const child of children.values()) child.kill();
  for (const child of children.values()) await child.exited;
  for (const roundId of [...children.keys(), ...ownRound]) await killRoundProcesses(roundId);
  for (const server of servers) await server.remove();
  folder.remove();
  process.exit(exitCode);
}

/** Runs one round in its own process. */
async function spawnRound(
  seed: number,
  binary: string,
  server: DatabaseServer | null,
): Promise<RoundResult> {
  const flags = ['--rounds', '1', '--seed', String(seed), '--report', '--binary', binary];
  flags.push(...sharedFlags());
  if (server) flags.push('--database-port', String(server.port));
  if (options.keep) flags.push('--keep');
  const child = Bun.spawn([process.execPath, import.meta.path, ...flags], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
    timeout: ROUND_TIMEOUT_MS,
    // Files that a round leaves behind are removed with the folder of the run.
    env: { ...process.env, ...(!options.keep && { TMPDIR: folder.path }) },
    ...(server && {
      ipc: (call: Call) => void answerRound(server, call).then((answer) => child.send(answer)),
    }),
  });
  const roundId = createRoundId(child.pid, seed);
  children.set(roundId, child);
  const text = await new Response(child.stdout).text();
  await killRoundProcesses(roundId);
  children.delete(roundId);
  const last = text.trim().split('\n').at(-1) ?? '';
  if (last.startsWith('{')) return JSON.parse(last) as RoundResult;
  const violations = [`the round exited with ${await child.exited} and without a report: ${text}`];
  return { ...createCounters(), rounds: 1, seed, violations };
}

/** The options of a run that each of its rounds has. */
const sharedFlags = () => [
  ...(hasCluster ? ['--hubs', String(options.hubs), '--store', options.store] : []),
  ...(hasCluster ? ['--bus', options.bus] : []),
  ...(options.only === undefined ? [] : ['--only', options.only]),
];

async function startServer(): Promise<DatabaseServer | null> {
  if (!hasCluster) return null;
  if (options.databasePort !== undefined) return connectToRun(options.databasePort);
  const server = await startDatabaseServer();
  servers.add(server);
  return server;
}

/** Runs one round in this process. */
async function runOwnRound(seed: number, binary: string, server: DatabaseServer | null) {
  const { hubs, bus } = options;
  return runRound(seed, {
    binary,
    keep: whenToKeep(),
    ...(options.only !== undefined && { only: options.only.split(',') }),
    ...(server && { cluster: { hubs, bus, database: server } }),
  });
}

/** A run of several rounds starts each one with `--report`. */
function whenToKeep() {
  if (!options.keep) return 'never';
  return options.report ? 'on violations' : 'always';
}

function printViolations({ seed, violations }: RoundResult) {
  if (violations.length === 0) return;
  console.log(`\nround ${seed}: ${violations.length} violations`);
  for (const violation of violations.slice(0, MAX_PRINTED_VIOLATIONS)) {
    console.log(`  ${violation.slice(0, MAX_VIOLATION_CHARACTERS)}`);
  }
  const flags = ['--rounds', '1', '--seed', String(seed), ...sharedFlags()];
  if (options.unfenced) flags.push('--unfenced');
  console.log(`repeat with: node_modules/.bin/bun test/chaos/main.ts ${flags.join(' ')}`);
}

async function run(): Promise<number> {
  const binary = options.binary ?? join(folder.path, 'signalbox');
  // A copy, because a build during the run would replace the executable.
  if (options.binary === undefined) {
    copyFileSync(options.unfenced ? buildUnfenced(folder.path) : buildBinary(), binary);
  }
  const sum = createCounters();
  let violations = 0;
  /** Whether a round that was carried out to its end has violations. */
  let isFound = false;
  let nextRound = 0;
  const startedAt = Date.now();
  const elapsed = () => `${Math.round((Date.now() - startedAt) / 1000)} s`;

  function addRound(round: RoundResult) {
    addCounters(sum, round);
    violations += round.violations.length;
    isFound ||= round.commands > 0 && round.violations.length > 0;
    if (options.report) return console.log(JSON.stringify(round));
    printViolations(round);
    if (sum.rounds % 10 === 0) {
      console.log(`${sum.rounds} rounds, ${violations} violations, ${elapsed()}`);
    }
  }

  async function runRounds() {
    const server = await startServer();
    while (nextRound < options.rounds) {
      if (exiting) return;
      const seed = options.seed + nextRound;
      nextRound += 1;
      const round = await (options.rounds === 1 ? runOwnRound : spawnRound)(seed, binary, server);
      if (!exiting) addRound(round);
    }
  }

  await Promise.all(Array.from({ length: Math.min(options.parallel, options.rounds) }, runRounds));
  const missingFaults = listFaults(hasCluster ? options : null).filter(
    (kind) => sum.faults[kind] === 0,
  );
  const isIncomplete =
    options.rounds >= LONG_RUN && options.only === undefined && missingFaults.length > 0;
  if (!options.report) {
    console.log(`\n${formatSummary(sum, violations)}`);
    console.log(`duration    ${elapsed()}`);
    if (isIncomplete) console.log(`faults never injected: ${missingFaults.join(', ')}`);
  }
  if (options.unfenced) {
    if (!isFound && !options.report) console.log('no round has shown that the fencing is missing');
    return isFound ? 0 : 1;
  }
  return violations > 0 || isIncomplete ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => void (exiting ??= cleanUpAndExit(130)));
}
const exitCode = await run();
await (exiting ?? cleanUpAndExit(exitCode));
