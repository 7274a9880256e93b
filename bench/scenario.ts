// What a scenario of the benchmark is: contestants that are measured in turn, and rows that compare their figures.

/** What one measurement gives, by the name of the figure. */
export type Figures = Readonly<Record<string, number>>;

export interface Contestant {
  name: string;
  measure(): Promise<Figures>;
}

/** A figure of a contestant. */
export interface FigureOf {
  contestant: string;
  figure: string;
  /** What it is called in the table, if not by its contestant. */
  label?: string;
}

export interface Goal {
  /** What is compared: the value, or its ratio to the reference. */
  of: 'value' | 'ratio';
  atLeast?: number;
  atMost?: number;
}

/** A row of the table. */
export interface Row {
  what: string;
  unit: string;
  value: FigureOf;
  /** What the value is divided by. */
  reference?: FigureOf;
  goal?: Goal;
}

export interface Context {
  /** A temporary folder of the scenario. */
  folder: string;
  /** Whether this is a short run, with less of everything. */
  isQuick: boolean;
  /** Scales an amount down in short runs. */
  scale(amount: number, minimum?: number): number;
  /** Registers what must be stopped after the scenario. */
  defer(stop: () => void | Promise<void>): void;
}

export interface PreparedScenario {
  contestants: readonly Contestant[];
  rows: readonly Row[];
  /** Contestants that cannot run here. */
  missing?: readonly string[];
}

export interface Scenario {
  name: string;
  description: string;
  /** Whether a short run includes it. */
  isQuick?: boolean;
  /** Measurements of each contestant, if not as many as of the others. */
  rounds?: number;
  /** Measure once before the rounds, and discard the figures. */
  warmUp?: boolean;
  /** @returns why it cannot be measured on this machine, as a text */
  prepare(context: Context): Promise<PreparedScenario | string>;
}
