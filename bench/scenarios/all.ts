// All scenarios, in the order of the table.
import type { Scenario } from '../scenario.ts';
import { cliScenarios } from './cli.ts';
import { fanOutScenarios } from './fan-out.ts';
import { growthScenarios } from './growth.ts';
import { historyScenarios } from './history.ts';
import { memoryScenarios } from './memory.ts';
import { pageWeight } from './page-weight.ts';
import { severalHubsScenarios } from './several-hubs.ts';
import { slowLinksScenarios } from './slow-links.ts';
import { smallWrites, smallWritesOnSlowDisk } from './small-writes.ts';
import { soak } from './soak.ts';
import { transcriptScenarios } from './transcripts.ts';
import { windowedLatency } from './windowed-latency.ts';

export const scenarios: readonly Scenario[] = [
  ...fanOutScenarios,
  ...slowLinksScenarios,
  windowedLatency,
  smallWrites,
  smallWritesOnSlowDisk,
  ...historyScenarios,
  ...transcriptScenarios,
  ...memoryScenarios,
  pageWeight,
  ...cliScenarios,
  ...growthScenarios,
  ...severalHubsScenarios,
  soak,
];
