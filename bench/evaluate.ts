// Computes a row of the table from the figures of all rounds.
import type { FigureOf, Figures, Row } from './scenario.ts';
import { median } from './statistics.ts';

export interface Spread {
  median: number;
  min: number;
  max: number;
}

export interface EvaluatedRow {
  what: string;
  unit: string;
  value: Spread;
  reference: { name: string; value: Spread } | null;
  /** The ratio of value and reference in each round: a round measures both at nearly the same time. */
  ratio: Spread | null;
  /** The goal as text, such as `ratio ≥ 0.9`. */
  goal: string | null;
  isMet: boolean | null;
}

/** @throws if a contestant or a figure does not exist */
export function evaluateRow(
  { what, unit, value, reference, goal }: Row,
  samples: Readonly<Record<string, readonly Figures[]>>,
): EvaluatedRow {
  const values = figuresOf(value, samples);
  const references = reference && figuresOf(reference, samples);
  const ratios = references && values.map((one, round) => one / (references[round] ?? Number.NaN));
  const spread = spreadOf(values);
  const ratio = ratios ? spreadOf(ratios) : null;
  const compared = goal?.of === 'ratio' ? ratio : spread;
  const { atLeast = -Infinity, atMost = Infinity } = goal ?? {};
  return {
    what,
    unit,
    value: spread,
    reference:
      reference && references
        ? { name: reference.label ?? reference.contestant, value: spreadOf(references) }
        : null,
    ratio,
    goal: goal ? describeGoal(goal, unit) : null,
    isMet: goal && compared ? compared.median >= atLeast && compared.median <= atMost : null,
  };
}

function figuresOf(
  { contestant, figure }: FigureOf,
  samples: Readonly<Record<string, readonly Figures[]>>,
): number[] {
  const rounds = samples[contestant] ?? [];
  const values = rounds.map((figures) => figures[figure]).filter((one) => one !== undefined);
  if (values.length === 0) throw new Error(`${contestant} has no figure "${figure}".`);
  return values;
}

function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

function describeGoal({ of, atLeast, atMost }: NonNullable<Row['goal']>, unit: string): string {
  const suffix = of === 'value' ? ` ${unit}` : '';
  const bounds = [
    ...(atLeast === undefined ? [] : [`≥ ${atLeast}${suffix}`]),
    ...(atMost === undefined ? [] : [`≤ ${atMost}${suffix}`]),
  ];
  return `${of === 'ratio' ? 'ratio ' : ''}${bounds.join(', ')}`;
}
