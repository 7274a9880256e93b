// Runs one scenario: measures its contestants in turn, round after round, so that a change of the machine's speed affects
// all of them.
import { createTemporaryFolder } from '../test/support/temporary-folder.ts';
import { evaluateRow, type EvaluatedRow } from './evaluate.ts';
import type { Context, Figures, Scenario } from './scenario.ts';

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
  rows: EvaluatedRow[];
  samples: Samples;
}

export async function runScenario(
  scenario: Scenario,
  { rounds, scale, isQuick, onProgress }: RunOptions,
): Promise<ScenarioResult> {
  const { name, description } = scenario;
  const folder = createTemporaryFolder();
  const stops: (() => void | Promise<void>)[] = [];
  const context: Context = {
    folder: folder.path,
    isQuick,
    scale: (amount, minimum = 1) => Math.max(minimum, Math.round(amount * scale)),
    defer: (stop) => void stops.push(stop),
  };
  try {
    const prepared = await scenario.prepare(context);
    if (typeof prepared === 'string') {
      return { name, description, skipped: prepared, rows: [], samples: {} };
    }
    const { contestants, rows } = prepared;
    const samples: Record<string, Figures[]> = {};
    if (scenario.warmUp) for (const contestant of contestants) await contestant.measure();
    const count = Math.min(rounds, scenario.rounds ?? rounds);
    for (let round = 1; round <= count; round += 1) {
      for (const contestant of contestants) {
        onProgress(`${name}: round ${round} of ${count}, ${contestant.name}`);
        (samples[contestant.name] ??= []).push(await contestant.measure());
      }
    }
    return {
      name,
      description,
      skipped: null,
      rows: rows.map((row) => evaluateRow(row, samples)),
      samples,
    };
  } finally {
    for (const stop of stops.toReversed()) await stop();
    folder.remove();
  }
}
