// Runs one scenario: measures its contestants in turn, round after round, so that a change of the machine's speed affects
// all of them.
import { createTemporaryFolder } from '../test/support/temporary-folder.ts';
import { evaluateRow, type EvaluatedRow } from './evaluate.ts';
import type { Context, Figures, PreparedScenario, Scenario } from './scenario.ts';

/** The figures of each round, by the name of the contestant. */
export type Samples = Readonly<Record<string, readonly Figures[]>>;

export interface RunOptions {
  rounds: number;
  /** What amounts are multiplied by. */
  scale: number;
  isQuick: boolean;
  onProgress(text: string): void;
}

export interface ScenarioResult {
  name: string;
  description: string;
  /** Why it was not measured. */
  skipped: string | null;
  /** Whether it was not measured because of an error. */
  hasFailed: boolean;
  rows: EvaluatedRow[];
  /** Contestants that cannot run here. */
  missing: readonly string[];
  samples: Samples;
}

/** Never throws: after an error, the other scenarios still count. */
export async function runScenario(
  scenario: Scenario,
  options: RunOptions,
): Promise<ScenarioResult> {
  const { name, description } = scenario;
  const result = { name, description, rows: [], missing: [], samples: {} };
  const folder = createTemporaryFolder();
  const stops: (() => void | Promise<void>)[] = [];
  const context: Context = {
    folder: folder.path,
    isQuick: options.isQuick,
    scale: (amount, minimum = 1) => Math.max(minimum, Math.round(amount * options.scale)),
    defer: (stop) => void stops.push(stop),
  };
  try {
    const prepared = await scenario.prepare(context);
    if (typeof prepared === 'string') return { ...result, skipped: prepared, hasFailed: false };
    const samples = await measureRounds(scenario, prepared, options);
    const rows = prepared.rows.map((row) => evaluateRow(row, samples));
    const missing = prepared.missing ?? [];
    return { ...result, skipped: null, hasFailed: false, rows, missing, samples };
  } catch (error) {
    return { ...result, skipped: String(error), hasFailed: true };
  } finally {
    for (const stop of stops.toReversed()) await stop();
    folder.remove();
  }
}

async function measureRounds(
  { name, rounds, warmUp = false }: Scenario,
  { contestants }: PreparedScenario,
  options: RunOptions,
): Promise<Samples> {
  const samples: Record<string, Figures[]> = {};
  if (warmUp) for (const contestant of contestants) await contestant.measure();
  const count = Math.min(options.rounds, rounds ?? options.rounds);
  for (let round = 1; round <= count; round += 1) {
    for (const contestant of round % 2 === 1 ? contestants : contestants.toReversed()) {
      options.onProgress(`${name}: round ${round} of ${count}, ${contestant.name}`);
      (samples[contestant.name] ??= []).push(await contestant.measure());
    }
  }
  return samples;
}
