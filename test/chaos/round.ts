// One round: starts the system, carries out the plan, waits until the system is at rest, stops it and checks the
// history.
import { writeFileSync } from 'node:fs';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { checkApprovals } from './checks/approvals.ts';
import { checkCommands } from './checks/commands.ts';
import { checkEnds } from './checks/ends.ts';
import { checkOrder } from './checks/order.ts';
import { checkOutput } from './checks/output.ts';
import { checkStatuses } from './checks/statuses.ts';
import { conduct } from './conduct.ts';
import { addEach, type Counters, createCounters } from './counters.ts';
import { createHistory } from './history.ts';
import { createPlan } from './plan.ts';
import { createRoundId, killRoundProcesses } from './round-processes.ts';
import { type ClusterServers, logPath, startSystem, type System } from './system.ts';

export interface RoundResult extends Counters {
  seed: number;
  violations: string[];
}

export interface RoundOptions {
  /** The path of the compiled executable. */
  binary: string;
  /** When to keep the folder of the round, with logs. */
  keep?: 'always' | 'on violations' | 'never';
  /** Several hubs, and their servers. One hub with SQLite without it. */
  cluster?: ClusterServers & { hubs: number };
  /** The only kinds of faults to inject. */
  only?: readonly string[];
}

export async function runRound(
  seed: number,
  { binary, keep = 'never', cluster, only }: RoundOptions,
): Promise<RoundResult> {
  const plan = createPlan(seed, cluster ?? null);
  if (only) plan.faults = plan.faults.filter(({ kind }) => only.includes(kind));
  const folder = createTemporaryFolder();
  const roundId = createRoundId(process.pid, seed);
  const counters = createCounters();
  const violations: string[] = [];
  let system: System | null = null;
  try {
    system = await startSystem(plan, {
      binary,
      folder: folder.path,
      roundId,
      servers: cluster ?? null,
    });
    violations.push(...(await execute(system, counters)));
  } catch (error) {
    violations.push(`the round failed: ${error instanceof Error ? error.stack : String(error)}`);
  } finally {
    const isKept = keep === 'always' || (keep === 'on violations' && violations.length > 0);
    if (isKept && system) writeLogs(system, folder.path);
    await system?.close();
    await killRoundProcesses(roundId);
    if (isKept) process.stderr.write(`Folder of round ${seed}: ${folder.path}\n`);
    else folder.remove();
  }
  return { ...counters, rounds: 1, seed, violations };
}

/** Carries out the plan and returns the violations. */
async function execute(system: System, counters: Counters): Promise<string[]> {
  const { hub, agents, dashboards, observer } = system;
  const { interrupted, violations } = await conduct(system, counters);
  for (const dashboard of [...dashboards, observer]) dashboard.close();
  await Promise.all(agents.map((agent) => agent.stop()));
  const history = createHistory(system, await hub.stop(), interrupted);
  const order = checkOrder(history);
  const output = checkOutput(history, violations.length === 0);
  counters.commands += history.rows.length;
  counters.orderedPairs += order.pairs;
  counters.bytes += output.bytes;
  addEach(counters.gaps, output.gaps);
  counters.reconnects += history.records.reduce(
    (sum, { welcomes }) => sum + welcomes.length - 1,
    0,
  );
  for (const { status } of history.rows) counters.statuses[status] += 1;
  // The errors of processes come first: they may explain the other violations.
  return [
    ...hub.errors().map((line) => `hub: ${line}`),
    ...agents.flatMap((agent) => agent.errors()).map((line) => `agent: ${line}`),
    ...violations,
    ...checkCommands(history),
    ...checkEnds(history),
    ...order.violations,
    ...checkStatuses(history),
    ...checkApprovals(history),
    ...output.violations,
  ];
}

function writeLogs({ hub, agents, dashboards, observer }: System, folder: string) {
  writeFileSync(logPath(folder, 'hub'), hub.log());
  for (const agent of agents) writeFileSync(logPath(folder, agent.agentId), agent.log());
  for (const { record } of [...dashboards, observer]) {
    const { name, welcomes, commandUpdates, agentUpdates, approvalUpdates, accepted, errors } =
      record;
    const content = { welcomes, commandUpdates, agentUpdates, approvalUpdates, accepted, errors };
    writeFileSync(logPath(folder, name), JSON.stringify(content, null, 1));
  }
}
