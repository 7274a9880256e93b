// One round: a world is built, lives through its plan, settles, is stopped, and its history is checked.
import { writeFileSync } from 'node:fs';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { checkCommands } from './check-commands.ts';
import { checkOrder } from './check-order.ts';
import { checkOutput } from './check-output.ts';
import { checkStatuses } from './check-statuses.ts';
import { textOf, type CommandSpec } from './command.ts';
import type { ChaosDashboard } from './dashboard.ts';
import { createFaults } from './faults.ts';
import { createHistory, readRows } from './history.ts';
import { createPlan, gateOf, type Plan } from './plan.ts';
import { endMarked, markOf } from './processes.ts';
import { emptyTally, type Tally } from './tally.ts';
import { createWorld, logPath, type World } from './world.ts';

export interface Round extends Tally {
  seed: number;
  violations: string[];
}

export interface RoundOptions {
  /** The compiled binary. */
  binary: string;
  /** Leaves the folder, with logs, for somebody to look at. */
  keeps?: boolean;
}

/** How long a round may take to settle once all faults are over. */
const SETTLE_MS = 60_000;

/** Plays the round of a seed. */
export async function playRound(
  seed: number,
  { binary, keeps = false }: RoundOptions,
): Promise<Round> {
  const plan = createPlan(seed);
  const folder = createTemporaryFolder();
  const mark = markOf(process.pid, seed);
  const tally = emptyTally();
  const violations: string[] = [];
  let world: World | null = null;
  try {
    world = await createWorld(plan, { binary, folder: folder.path, mark });
    violations.push(...(await live(plan, world, tally)));
  } catch (error) {
    violations.push(
      `the round itself failed: ${error instanceof Error ? error.stack : String(error)}`,
    );
  } finally {
    if (keeps && world) leaveLogs(world, folder.path);
    await world?.close();
    await endMarked(mark);
    if (!keeps) folder.remove();
  }
  if (keeps) process.stderr.write(`the folder of round ${seed}: ${folder.path}\n`);
  return { ...tally, rounds: 1, seed, violations };
}

async function live(plan: Plan, world: World, tally: Tally): Promise<string[]> {
  const { hub, agents, dashboards } = world;
  const inject = createFaults(world, (kind) => void (tally.faults[kind] += 1));
  const interrupted = new Set<string>();
  const asked = new Map<CommandSpec, Promise<string>>();
  const began = Date.now();

  function at(ms: number, act: () => unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      setTimeout(
        () => Promise.resolve(act()).then(() => resolve(), reject),
        Math.max(0, began + ms - Date.now()),
      );
    });
  }

  function interrupt(dashboard: ChaosDashboard, commandId: string | undefined) {
    if (commandId === undefined) return;
    interrupted.add(commandId);
    tally.interrupts += 1;
    dashboard.interrupt(commandId);
  }

  await Promise.all([
    ...plan.commands.map((spec) =>
      at(spec.at, () => {
        const dashboard = dashboards[spec.by];
        if (!dashboard) throw new Error('there is no such dashboard');
        const accepted = request(spec, dashboard, tally);
        asked.set(spec, accepted);
        const { interruptAfter } = spec;
        if (interruptAfter === null) return;
        void accepted
          .then((commandId) => dashboard.sees(commandId, 'running').then(() => commandId))
          .then((commandId) =>
            at(Date.now() - began + interruptAfter, () => interrupt(dashboard, commandId)),
          );
      }),
    ),
    ...plan.faults.map((fault) => at(fault.at, () => inject(fault))),
    ...plan.opensAt.map((ms, agent) => at(ms, () => world.kit.open(gateOf(agent)))),
    ...plan.interrupts.map(({ at: ms, by, dice }) =>
      at(ms, () => {
        const dashboard = dashboards[by];
        const candidates = dashboard?.live() ?? [];
        if (dashboard) interrupt(dashboard, candidates[dice % Math.max(1, candidates.length)]);
      }),
    ),
    at(plan.endsAt, () => {}),
  ]);
  for (const proxy of world.proxies) proxy.calm();

  const witness = world.openWitness();
  const stage = { now: 'waiting for acceptance' };
  const isSettled = await Promise.race([
    settle(world, { witness, asked, interrupt, stage }).then(() => true),
    at(Date.now() - began + SETTLE_MS, () => {}).then(() => false),
  ]);
  const records = dashboards.map(({ record }) => record);
  const unsettled = `it did not settle: ${stage.now}; live: ${witness.live().join(' ')}`;

  for (const dashboard of [...dashboards, witness]) dashboard.close();
  await Promise.all(agents.map((agent) => agent.stop()));
  const rows = readRows(await hub.stop());
  const history = createHistory(plan, world, records, rows, interrupted);
  const order = checkOrder(history);
  const output = checkOutput(history);
  // What a process complains of may be the reason for all that follows.
  const violations = [
    ...hub.complaints().map((line) => `hub: ${line}`),
    ...agents.flatMap((agent) => agent.complaints()).map((line) => `agent: ${line}`),
    ...(isSettled ? [] : [unsettled]),
    ...checkCommands(history),
    ...order.flaws,
    ...checkStatuses(history),
    ...output.flaws,
  ];
  tally.commands += rows.length;
  tally.pairs += order.pairs;
  tally.bytes += output.bytes;
  for (const [reason, count] of Object.entries(output.gaps)) {
    tally.gaps[reason as keyof Tally['gaps']] += count;
  }
  tally.reconnects += records.reduce((sum, { welcomes }) => sum + welcomes.length - 1, 0);
  for (const { status } of rows) tally.ends[status] += 1;
  return violations;
}

/** Asks for a command, and perhaps again under the same name once it was accepted. */
async function request(spec: CommandSpec, dashboard: ChaosDashboard, tally: Tally) {
  const ask = () =>
    dashboard.ask({
      type: 'command:request',
      agentId: `a${spec.agent}`,
      command: textOf(spec),
      priority: spec.priority,
      requestId: spec.name,
      ...(spec.timeoutMs !== null && { timeoutMs: spec.timeoutMs }),
    });
  const commandId = await ask();
  if (spec.repeatAfter === null) return commandId;
  await new Promise((resolve) => void setTimeout(resolve, spec.repeatAfter ?? 0));
  tally.repeats += 1;
  await ask();
  return commandId;
}

interface Settling {
  witness: ChaosDashboard;
  asked: Map<CommandSpec, Promise<string>>;
  interrupt(dashboard: ChaosDashboard, commandId: string): void;
  /** What it waits for, should it wait for ever. */
  stage: { now: string };
}

/** All faults are over: resolves once everything asked for has ended, and every dashboard has seen all of it. */
async function settle({ agents, dashboards }: World, settling: Settling) {
  const { witness, asked, interrupt, stage } = settling;
  const ids = new Map<CommandSpec, string>();
  for (const [spec, accepted] of asked) {
    stage.now = `waiting for the acceptance of ${spec.name}`;
    ids.set(spec, await accepted);
  }
  stage.now = 'waiting for the witness';
  await witness.when(witness.isWelcome);
  await witness.settled();
  stage.now = 'waiting for the ends';
  const unended = new Set(witness.live());
  for (const [spec, commandId] of ids) {
    if (spec.exitCode === null && spec.timeoutMs === null && unended.has(commandId))
      interrupt(witness, commandId);
  }
  await witness.when(() => witness.live().length === 0);
  stage.now = 'waiting for the agents';
  const isFree = (one: ChaosDashboard) =>
    agents.every(({ agentId }) => one.agent(agentId) === 'online');
  await witness.when(() => isFree(witness));
  for (const dashboard of dashboards) {
    dashboard.followAll([...ids.values()]);
  }
  await Promise.all(
    dashboards.map((dashboard) =>
      dashboard.when(() => {
        const left = dashboard.incomplete();
        stage.now = `${dashboard.record.name} waits for the output of ${left.join(' ')}`;
        return dashboard.isWelcome() && isFree(dashboard) && left.length === 0;
      }),
    ),
  );
}

function leaveLogs({ hub, agents, dashboards }: World, folder: string) {
  writeFileSync(logPath(folder, 'hub'), hub.log());
  for (const agent of agents) writeFileSync(logPath(folder, agent.agentId), agent.log());
  for (const { record } of dashboards) {
    const { welcomes, statuses, agents: seen, accepted } = record;
    writeFileSync(
      logPath(folder, record.name),
      JSON.stringify({ welcomes, statuses, seen, accepted }, null, 1),
    );
  }
}
