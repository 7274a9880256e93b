// One round: starts the system, carries out the plan, waits until the system is at rest, stops it and checks the
// history.
import { writeFileSync } from 'node:fs';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { checkCommands } from './checks/commands.ts';
import { checkOrder } from './checks/order.ts';
import { checkOutput } from './checks/output.ts';
import { checkStatuses } from './checks/statuses.ts';
import { addEach, type Counters, createCounters } from './counters.ts';
import type { ChaosDashboard } from './dashboard/dashboard.ts';
import { createFaultInjector } from './faults/injector.ts';
import { createHistory, readRows } from './history.ts';
import { createPlan, gateOf, type Plan } from './plan.ts';
import { createRoundId, killRoundProcesses } from './round-processes.ts';
import { settle } from './settle.ts';
import { logPath, startSystem, type System } from './system.ts';
import { type CommandSpec, formatCommand } from './workload.ts';

export interface RoundResult extends Counters {
  seed: number;
  violations: string[];
}

export interface RoundOptions {
  /** The path of the compiled executable. */
  binary: string;
  /** Keeps the folder of the round and adds logs to it. */
  keepsFolder?: boolean;
}

/** The maximum time to come to rest after the last fault. */
const SETTLE_TIMEOUT_MS = 60_000;

export async function runRound(
  seed: number,
  { binary, keepsFolder = false }: RoundOptions,
): Promise<RoundResult> {
  const plan = createPlan(seed);
  const folder = createTemporaryFolder();
  const roundId = createRoundId(process.pid, seed);
  const counters = createCounters();
  const violations: string[] = [];
  let system: System | null = null;
  try {
    system = await startSystem(plan, { binary, folder: folder.path, roundId });
    violations.push(...(await execute(plan, system, counters)));
  } catch (error) {
    violations.push(`the round failed: ${error instanceof Error ? error.stack : String(error)}`);
  } finally {
    if (keepsFolder && system) writeLogs(system, folder.path);
    await system?.close();
    await killRoundProcesses(roundId);
    if (!keepsFolder) folder.remove();
  }
  if (keepsFolder) process.stderr.write(`Folder of round ${seed}: ${folder.path}\n`);
  return { ...counters, rounds: 1, seed, violations };
}

/** Carries out the plan and returns the violations. */
async function execute(plan: Plan, system: System, counters: Counters): Promise<string[]> {
  const { hub, agents, dashboards } = system;
  const inject = createFaultInjector(system, (kind) => void (counters.faults[kind] += 1));
  const interrupted = new Set<string>();
  const requested = new Map<CommandSpec, Promise<string>>();
  const startedAt = Date.now();

  /** Calls `act` at a time of the round. */
  function schedule(at: number, act: () => unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      setTimeout(
        () => Promise.resolve(act()).then(() => resolve(), reject),
        Math.max(0, startedAt + at - Date.now()),
      );
    });
  }

  function scheduleAfter(ms: number, act: () => unknown): Promise<void> {
    return schedule(Date.now() - startedAt + ms, act);
  }

  function interrupt(dashboard: ChaosDashboard, commandId: string | undefined) {
    if (commandId === undefined) return;
    interrupted.add(commandId);
    counters.interrupts += 1;
    dashboard.interrupt(commandId);
  }

  async function interruptOnceRunning(
    dashboard: ChaosDashboard,
    accepted: Promise<string>,
    ms: number,
  ) {
    const commandId = await accepted;
    await dashboard.waitForStatus(commandId, 'running');
    await scheduleAfter(ms, () => interrupt(dashboard, commandId));
  }

  function startCommand(spec: CommandSpec) {
    const dashboard = dashboards[spec.dashboard];
    if (!dashboard) throw new Error(`There is no dashboard ${spec.dashboard}.`);
    const accepted = requestCommand(spec, dashboard, counters);
    requested.set(spec, accepted);
    const { interruptAfterMs } = spec;
    if (interruptAfterMs === null) return;
    void interruptOnceRunning(dashboard, accepted, interruptAfterMs);
  }

  function interruptLiveCommand({ dashboard: index, pick }: Plan['interrupts'][number]) {
    const dashboard = dashboards[index];
    if (!dashboard) return;
    const commands = dashboard.liveCommands();
    interrupt(dashboard, commands[pick % Math.max(1, commands.length)]);
  }

  await Promise.all([
    ...plan.commands.map((spec) => schedule(spec.at, () => startCommand(spec))),
    ...plan.faults.map((fault) => schedule(fault.at, () => inject(fault))),
    ...plan.gatesOpenAt.map((at, agent) =>
      schedule(at, () => system.library.openGate(gateOf(agent))),
    ),
    ...plan.interrupts.map((entry) => schedule(entry.at, () => interruptLiveCommand(entry))),
    schedule(plan.endsAt, () => {}),
  ]);
  for (const proxy of system.proxies) proxy.clearFaults();

  const observer = system.openObserver();
  let step = '';
  const onStep = (description: string) => void (step = description);
  const isSettled = await Promise.race([
    settle(system, { observer, requested, interrupt, onStep }).then(() => true),
    scheduleAfter(SETTLE_TIMEOUT_MS, () => {}).then(() => false),
  ]);
  const records = dashboards.map(({ record }) => record);
  const live = observer.liveCommands().join(' ');
  const notSettled = `the system did not come to rest: waiting ${step}; live commands: ${live}`;

  for (const dashboard of [...dashboards, observer]) dashboard.close();
  await Promise.all(agents.map((agent) => agent.stop()));
  const rows = readRows(await hub.stop());
  const history = createHistory(plan, system, records, rows, interrupted);
  const order = checkOrder(history);
  const output = checkOutput(history);
  counters.commands += rows.length;
  counters.orderedPairs += order.pairs;
  counters.bytes += output.bytes;
  addEach(counters.gaps, output.gaps);
  counters.reconnects += records.reduce((sum, { welcomes }) => sum + welcomes.length - 1, 0);
  for (const { status } of rows) counters.statuses[status] += 1;
  // The errors of processes come first: they may explain the other violations.
  return [
    ...hub.errors().map((line) => `hub: ${line}`),
    ...agents.flatMap((agent) => agent.errors()).map((line) => `agent: ${line}`),
    ...(isSettled ? [] : [notSettled]),
    ...checkCommands(history),
    ...order.violations,
    ...checkStatuses(history),
    ...output.violations,
  ];
}

/** Requests a command and, if planned, repeats the request once it was accepted. Returns the command's ID. */
async function requestCommand(spec: CommandSpec, dashboard: ChaosDashboard, counters: Counters) {
  const request = () =>
    dashboard.request({
      type: 'command:request',
      agentId: `a${spec.agent}`,
      command: formatCommand(spec),
      priority: spec.priority,
      requestId: spec.name,
      ...(spec.timeoutMs !== null && { timeoutMs: spec.timeoutMs }),
    });
  const commandId = await request();
  const { repeatAfterMs } = spec;
  if (repeatAfterMs === null) return commandId;
  await new Promise((resolve) => void setTimeout(resolve, repeatAfterMs));
  counters.repeats += 1;
  await request();
  return commandId;
}

function writeLogs({ hub, agents, dashboards }: System, folder: string) {
  writeFileSync(logPath(folder, 'hub'), hub.log());
  for (const agent of agents) writeFileSync(logPath(folder, agent.agentId), agent.log());
  for (const { record } of dashboards) {
    const { name, welcomes, commandUpdates, agentUpdates, accepted } = record;
    const content = { welcomes, commandUpdates, agentUpdates, accepted };
    writeFileSync(logPath(folder, name), JSON.stringify(content, null, 1));
  }
}
