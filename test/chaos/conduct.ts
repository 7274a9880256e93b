// Carries out the plan of a round: requests and interrupts the commands, responds to approval requests, injects the
// faults, and waits until the system is at rest.
import { createApprover } from './approver.ts';
import type { Counters } from './counters.ts';
import type { ChaosDashboard } from './dashboard/dashboard.ts';
import type { InterruptAnswer } from './dashboard/pending-interrupts.ts';
import type { Fault } from './faults/kinds.ts';
import { createFaultInjector } from './faults/injector.ts';
import { gateOf, type Plan } from './plan.ts';
import { settle } from './settle.ts';
import type { System } from './system.ts';
import { type CommandSpec, formatCommand } from './workload.ts';
import { wait } from './wait.ts';

/** Longer than any fault takes, also when it waits for others. */
const FAULT_MS = 120_000;
/** How long a user waits before a second attempt. */
const INTERRUPT_AGAIN_MS = 1_000;

export interface ConductResult {
  /** The commands for which an interrupt was sent. */
  interrupted: Set<string>;
  violations: string[];
}

export async function conduct(system: System, counters: Counters): Promise<ConductResult> {
  const { plan, dashboards, observer } = system;
  const violations: string[] = [];
  const interrupted = new Set<string>();
  const acceptedInterrupts = new Set<string>();
  const accepted = new Map(
    plan.commands.map((spec) => [spec.name, Promise.withResolvers<string>()]),
  );
  const requested = new Map<CommandSpec, Promise<string>>();
  const approver = createApprover(plan.commands, dashboards, observer);
  const inject = createFaultInjector(
    {
      system,
      waitForAcceptance: (name) => accepted.get(name)?.promise ?? Promise.reject(new Error(name)),
      interrupt,
      onViolation: (text) => void violations.push(text),
    },
    (kind) => void (counters.faults[kind] += 1),
  );
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

  async function interrupt(dashboard: ChaosDashboard, commandId: string): Promise<InterruptAnswer> {
    interrupted.add(commandId);
    counters.interrupts += 1;
    const answer = await dashboard.interrupt(commandId);
    if (answer === 'accepted') acceptedInterrupts.add(commandId);
    return answer;
  }

  async function interruptOnceRunning(
    dashboard: ChaosDashboard,
    acceptedId: Promise<string>,
    ms: number,
  ) {
    const commandId = await acceptedId;
    await dashboard.waitForStatus(commandId, 'running');
    await wait(ms);
    await interrupt(dashboard, commandId);
  }

  function startCommand(spec: CommandSpec) {
    const dashboard = dashboards[spec.dashboard];
    if (!dashboard) throw new Error(`There is no dashboard ${spec.dashboard}.`);
    const commandId = requestCommand(spec, dashboard, counters);
    requested.set(spec, commandId);
    void commandId.then((id) => accepted.get(spec.name)?.resolve(id));
    const { interruptAfterMs } = spec;
    if (interruptAfterMs === null) return;
    void interruptOnceRunning(dashboard, commandId, interruptAfterMs);
  }

  function interruptLiveCommand({ dashboard: index, pick }: Plan['interrupts'][number]) {
    const dashboard = dashboards[index];
    const commands = dashboard?.record.liveCommands() ?? [];
    const commandId = commands[pick % Math.max(1, commands.length)];
    if (dashboard && commandId !== undefined) void interrupt(dashboard, commandId);
  }

  /** Injects a fault; adds a violation if it does not come to an end. */
  async function injectInTime(fault: Fault) {
    const tooLate = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      violations.push(`the fault ${fault.kind} of ${fault.at} ms did not end`);
      tooLate.resolve();
    }, FAULT_MS);
    await Promise.race([inject(fault), tooLate.promise]);
    clearTimeout(timer);
  }

  await Promise.all([
    ...plan.commands.map((spec) => schedule(spec.at, () => startCommand(spec))),
    ...plan.faults.map((fault) => schedule(fault.at, () => injectInTime(fault))),
    ...plan.gatesOpenAt.map((at, agent) =>
      schedule(at, () => system.library.openGate(gateOf(agent))),
    ),
    ...plan.interrupts.map((entry) => schedule(entry.at, () => interruptLiveCommand(entry))),
    schedule(plan.endsAt, () => {}),
  ]);
  for (const proxy of system.proxies) proxy.clearFaults();

  /** Interrupts a command until that is not refused, as users do who are told to try again. */
  async function interruptFinally(dashboard: ChaosDashboard, commandId: string) {
    while ((await interrupt(dashboard, commandId)) === 'refused') {
      if (!dashboard.record.isLive(commandId)) return;
      await wait(INTERRUPT_AGAIN_MS);
    }
  }
  violations.push(
    ...(await settle(system, {
      approver,
      requested,
      acceptedInterrupts,
      interrupt: (dashboard, commandId) => void interruptFinally(dashboard, commandId),
    })),
  );
  approver.stop();
  counters.approvals += approver.count();
  return { interrupted, violations };
}

/** Requests a command and, if planned, repeats the request once it was accepted. Returns the command's ID. */
async function requestCommand(spec: CommandSpec, dashboard: ChaosDashboard, counters: Counters) {
  const message = {
    type: 'command:request' as const,
    agentId: `a${spec.agent}`,
    command: formatCommand(spec),
    priority: spec.priority,
    requestId: spec.name,
    ...(spec.queuesIfOffline && { ifOffline: 'queue' as const }),
    ...(spec.timeoutMs !== null && { timeoutMs: spec.timeoutMs }),
  };
  const commandId = await dashboard.request(message);
  const { repeatAfterMs } = spec;
  if (repeatAfterMs === null) return commandId;
  await wait(repeatAfterMs);
  counters.repeats += 1;
  if (spec.changesWhenRepeated) {
    dashboard.requestConflict({ ...message, command: `!echo not ${spec.name}` });
  } else await dashboard.request(message);
  return commandId;
}
