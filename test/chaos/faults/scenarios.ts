// Sequences of events that random faults rarely produce. Each waits for the right moment, so that it does not depend on
// the speed of the machine, and returns whether it happened.
import type { ChaosAgent } from '../agent/agent.ts';
import type { ChaosDashboard } from '../dashboard/dashboard.ts';
import type { InterruptAnswer } from '../dashboard/pending-interrupts.ts';
import type { Proxy } from '../network/proxy.ts';
import type { MessageHold } from '../network/relay.ts';
import { PATIENT_TIMEOUT_MS } from '../plan.ts';
import type { System } from '../system.ts';
import type { Fault } from './kinds.ts';
import { wait } from '../wait.ts';

export interface ScenarioContext {
  system: System;
  /** Resolves with the ID of a command once it is accepted. */
  waitForAcceptance(name: string): Promise<string>;
  interrupt(dashboard: ChaosDashboard, commandId: string): Promise<InterruptAnswer>;
  /** Runs a task while no other fault affects a hub. */
  withHub<T>(task: () => Promise<T>): Promise<T>;
  onViolation(text: string): void;
}

/** Where a scenario happens. */
export interface ScenarioTarget {
  agent: ChaosAgent;
  /** The agent's proxy. */
  proxy: Proxy;
}

export type Scenario = (
  context: ScenarioContext,
  target: ScenarioTarget,
  fault: Fault,
) => Promise<boolean>;

/** How long a scenario waits for its moment. Agents wait up to 8 s between two attempts to connect. */
const PATIENCE_MS = 12_000;
/** How long the hub has to answer over a network without faults. */
const ANSWER_MS = 8_000;
/** Longer than the hub waits for a first message. */
const FIRST_MESSAGE_MS = 5_100;

const isWithin = (ms: number, work: Promise<unknown>) =>
  Promise.race([work.then(() => true), wait(ms).then(() => false)]);

/** Matches a message of the hub: only those are not masked. */
const hasType =
  (type: string): MessageHold['matches'] =>
  ({ bytes }) =>
    bytes.includes(`"type":"${type}"`);

/** Waits until a scenario's command is running. Returns its ID; null if it does not run in time. */
async function waitUntilRunning(
  { system: { observer }, waitForAcceptance }: ScenarioContext,
  { command }: Fault,
): Promise<string | null> {
  const running = waitForAcceptance(command ?? '').then(async (commandId) => {
    await observer.waitForStatus(commandId, 'running');
    return commandId;
  });
  if (!(await isWithin(PATIENCE_MS, running))) return null;
  const commandId = await running;
  return isRunning(observer, commandId) ? commandId : null;
}

const isRunning = (observer: ChaosDashboard, commandId: string) =>
  observer.record.latestUpdates.get(commandId)?.status === 'running';

/** Interrupts a command over a network without faults. Returns whether the interrupt was accepted. */
async function interruptReliably(
  { system: { observer }, interrupt, onViolation }: ScenarioContext,
  commandId: string,
): Promise<boolean> {
  if (!observer.isWelcome() || !isRunning(observer, commandId)) return false;
  const answer = interrupt(observer, commandId);
  if (await isWithin(ANSWER_MS, answer)) return (await answer) === 'accepted';
  onViolation(`the interrupt of ${commandId} was not answered`);
  return false;
}

/** Restarts the hub to which an agent was connected last, with or without a shutdown. */
function restart({ system: { hub } }: ScenarioContext, proxy: Proxy, { amount }: Fault) {
  const hubProcess = hub.processAt(proxy.latestHubPort);
  return amount === 0 ? hubProcess.kill() : hubProcess.restart();
}

/** The hub crashes after it has accepted an interrupt and before the agent receives it. */
export const killAfterInterrupt: Scenario = async (context, { proxy }, fault) => {
  const { hub, observer } = context.system;
  const commandId = await waitUntilRunning(context, fault);
  if (commandId === null) return false;
  return context.withHub(async () => {
    const hold = proxy.holdNext('downstream', hasType('command:interrupt'));
    try {
      const isAccepted = await interruptReliably(context, commandId);
      if (!isAccepted || !isRunning(observer, commandId)) return false;
      await hub.processAt(proxy.latestHubPort).kill();
      proxy.resetConnections();
      return true;
    } finally {
      hold.release();
    }
  });
};

/**
 * A command is interrupted while its agent is offline, and the hub restarts before the agent is back. If its store can
 * fail, it cannot store the size of the late output at first.
 */
export const restartWithLateOutput: Scenario = async (context, { agent, proxy }, fault) => {
  const { hub, observer, plan } = context.system;
  const commandId = await waitUntilRunning(context, fault);
  if (commandId === null) return false;
  return context.withHub(async () => {
    proxy.block();
    try {
      const offline = observer.waitUntil(() => observer.agentStatus(agent.agentId) === 'offline');
      if (!(await isWithin(PATIENCE_MS, offline))) return false;
      if (!(await interruptReliably(context, commandId))) return false;
      await restart(context, proxy, fault);
      await wait(fault.durationMs);
      if (!plan.isInProcess) return true;
      const failure = hub.failStore(['commands.update']);
      proxy.unblock();
      const idle = observer.waitUntil(() => observer.agentStatus(agent.agentId) === 'online');
      await isWithin(PATIENCE_MS, idle);
      failure.end();
      return true;
    } finally {
      proxy.unblock();
    }
  });
};

/** The hub restarts while an approval request is pending for longer than the command may run. */
export const restartWithPendingApproval: Scenario = async (context, { agent, proxy }, fault) => {
  const { observer } = context.system;
  const commandId = await waitUntilRunning(context, fault);
  if (commandId === null) return false;
  const findRequest = () =>
    observer.pendingApprovals.values().find((approval) => approval.commandId === commandId);
  if (!(await isWithin(PATIENCE_MS, observer.waitUntil(findRequest)))) return false;
  await wait(PATIENT_TIMEOUT_MS + 100);
  if (!findRequest()) return false;
  return context.withHub(async () => {
    await restart(context, proxy, fault);
    // While the agent is offline, the time after the response would count.
    const restored = observer.waitUntil(
      () => findRequest() && observer.agentStatus(agent.agentId) === 'busy',
    );
    if (!(await isWithin(PATIENCE_MS, restored))) return false;
    await wait(fault.durationMs / 4);
    const request = findRequest();
    if (request) observer.respond(request.approvalId, 'yes');
    return request !== undefined;
  });
};

/**
 * An agent is stopped while the hub sends it a command. It has reported everything, so even its journal may be lost
 * before its next run.
 */
export const stopAtHandover: Scenario = async (context, { agent, proxy }) => {
  const { observer } = context.system;
  const hold = proxy.holdNext('downstream', hasType('command:execute'));
  if (!(await isWithin(PATIENCE_MS, hold.held))) {
    hold.release();
    return false;
  }
  return context.withHub(async () => {
    const { normalCloses } = proxy;
    // After a restart of the hub, an agent is offline without having closed its connection.
    const wasOnline = observer.isWelcome() && observer.agentStatus(agent.agentId) !== 'offline';
    let hasClosed = false;
    try {
      await agent.restart(async (exited) => {
        const offline = observer.waitUntil(() => observer.agentStatus(agent.agentId) === 'offline');
        const isOffline = await isWithin(PATIENCE_MS, offline);
        hold.release();
        await exited;
        hasClosed = wasOnline && isOffline && proxy.normalCloses > normalCloses;
        // While the store of a hub in this process fails, a crash may undo what the hub has learned.
        // Of several hubs, the next one may know nothing of the close.
        const { plan, cluster } = context.system;
        if (hasClosed && !plan.isInProcess && !cluster) agent.removeState();
      });
    } finally {
      hold.release();
    }
    return hasClosed;
  });
};

/** An approval request cannot be stored at first. */
export const failRequest: Scenario = ({ system: { hub }, withHub }) =>
  withHub(async () => {
    const failure = hub.failStore(['approvals.insert']);
    await isWithin(PATIENCE_MS, failure.hasFailed);
    return failure.end() > 0;
  });

/** A command starts and ends while the socket of a dashboard that receives all output is half-open. */
export const runWhileHalfOpen: Scenario = async (context, { proxy }, { command, target }) => {
  const { agents, dashboards, observer } = context.system;
  const dashboard = dashboards[target - agents.length];
  if (!dashboard?.isWelcome()) return false;
  const { welcomes, latestUpdates } = dashboard.record;
  const count = welcomes.length;
  proxy.openBlackHole();
  const commandId = context.waitForAcceptance(command ?? '');
  const ended = commandId.then((id) => observer.waitForStatus(id, 'completed'));
  const hasEnded = await isWithin(PATIENCE_MS, ended);
  const isUnseen = hasEnded && !latestUpdates.has(await commandId);
  proxy.closeBlackHole();
  const isBack = await isWithin(
    PATIENCE_MS,
    dashboard.waitUntil(() => welcomes.length > count),
  );
  return isUnseen && isBack && welcomes[count]?.resumed === true;
};

/** The first message of a client takes longer than the hub waits for it. */
export const delayFirstMessage: Scenario = ({ system: { hub, plan }, withHub }, { proxy }) =>
  withHub(async () => {
    proxy.resetConnections();
    const hold = proxy.holdNext('upstream', (_frame, isFirst) => isFirst);
    try {
      if (!(await isWithin(PATIENCE_MS, hold.held))) return false;
      const closed = proxy.waitForHubClose();
      if (plan.isInProcess) hub.jumpClock(FIRST_MESSAGE_MS);
      else await wait(FIRST_MESSAGE_MS);
      return await isWithin(ANSWER_MS, closed);
    } finally {
      hold.release();
    }
  });
