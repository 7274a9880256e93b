// Injects the faults of a round and counts those that had a target.
import type { HubProcess } from '../hub/hub-under-test.ts';
import type { Proxy } from '../network/proxy.ts';
import { createClusterInjector } from './cluster-injector.ts';
import { type Fault, type FaultKind, isClusterFault } from './kinds.ts';
import {
  delayFirstMessage,
  failRequest,
  killAfterInterrupt,
  restartWithLateOutput,
  restartWithPendingApproval,
  runWhileHalfOpen,
  type Scenario,
  type ScenarioContext,
  stopAtHandover,
} from './scenarios.ts';
import { wait } from '../wait.ts';

/** The calls of the store that fail together. */
const STORE_CALLS = [
  ['approvals.find', 'approvals.insert'],
  ['approvals.update'],
  ['commands.update'],
  ['commands.insert'],
  ['output.append'],
  ['agents.update', 'connections.insert', 'connections.markClosed'],
] as const;

/** How much longer the calls of the store fail if none was made. */
const MAX_STORE_WAIT_MS = 3_000;

/** Runs the tasks of each key one after another. */
function createTaskQueues() {
  const lastTasks = new Map<object, Promise<unknown>>();
  return <T>(key: object, task: () => Promise<T>): Promise<T> => {
    const next = (lastTasks.get(key) ?? Promise.resolve()).then(task);
    lastTasks.set(key, next);
    return next;
  };
}

/** Returns a function that injects one fault and resolves once it is over. */
export function createFaultInjector(
  context: Omit<ScenarioContext, 'withHub'>,
  onInjected: (kind: FaultKind) => void,
) {
  const { hub, cluster, agents, dashboards, proxies } = context.system;
  /** One fault at a time kills, freezes or restarts a process. */
  const enqueue = createTaskQueues();

  function pickTarget<T>(list: readonly T[], target: number): T {
    const found = list[target % list.length];
    if (found === undefined) throw new Error('There is no target for this fault.');
    return found;
  }

  /** Applies a network fault for a while. */
  async function disturb(
    { kind, durationMs }: Fault,
    proxy: Proxy,
    begin: () => void,
    end: () => void,
  ) {
    if (proxy.countConnections() > 0) onInjected(kind);
    begin();
    await wait(durationMs);
    end();
  }

  /** Runs a task on one hub, unless that is down. */
  function withProcess({ target }: Fault, task: (hubProcess: HubProcess) => Promise<void>) {
    const hubProcess = pickTarget(hub.processes, target);
    return enqueue(hubProcess, async () => {
      if (hubProcess.isUp()) await task(hubProcess);
    });
  }

  const injectIntoCluster = cluster && createClusterInjector(cluster, enqueue, onInjected);

  async function freeze({ kind, durationMs }: Fault, target: { freeze(): void; resume(): void }) {
    onInjected(kind);
    target.freeze();
    await wait(durationMs);
    target.resume();
  }

  async function play(scenario: Scenario, fault: Fault): Promise<void> {
    const agent = pickTarget(agents, fault.target);
    const proxy = pickTarget(proxies, fault.target);
    const keys = [...hub.processes, ...(cluster ? [cluster.server] : [])];
    const withHub = <T>(task: () => Promise<T>) =>
      keys.reduceRight((inner, key) => () => enqueue(key, inner), task)();
    const hasHappened = await scenario({ ...context, withHub }, { agent, proxy }, fault);
    if (hasHappened) onInjected(fault.kind);
  }

  return async function inject(fault: Fault): Promise<void> {
    const { kind, durationMs, target, amount } = fault;
    const proxy = pickTarget(proxies, target);
    const { faults } = proxy;
    const agent = pickTarget(agents, target);
    if (isClusterFault(kind)) return injectIntoCluster?.({ ...fault, kind });
    switch (kind) {
      case 'reset':
        if (proxy.countConnections() > 0) onInjected(kind);
        return proxy.resetConnections();
      case 'reset-mid-frame': {
        const before = proxy.truncated;
        proxy.truncateNext(target % 3 === 0 ? 'upstream' : 'downstream');
        await wait(durationMs);
        faults.truncate = null;
        if (proxy.truncated > before) onInjected(kind);
        return;
      }
      case 'delay':
        return disturb(
          fault,
          proxy,
          () => (faults.delayMs = amount),
          () => (faults.delayMs = 0),
        );
      case 'fragment':
        return disturb(
          fault,
          proxy,
          () => (faults.isFragmented = true),
          () => (faults.isFragmented = false),
        );
      case 'stall':
        return disturb(fault, proxy, proxy.stall, proxy.resume);
      case 'half-open':
        return disturb(fault, proxy, proxy.halfOpenConnections, proxy.closeHalfOpen);
      case 'black-hole':
        return disturb(fault, proxy, proxy.openBlackHole, proxy.closeBlackHole);
      case 'duplicate-frames': {
        const agentProxy = pickTarget(proxies.slice(0, agents.length), target);
        const before = agentProxy.duplicated;
        agentProxy.faults.duplicates = amount;
        await wait(durationMs);
        agentProxy.faults.duplicates = 0;
        if (agentProxy.duplicated > before) onInjected(kind);
        return;
      }
      case 'hub-kill':
        return withProcess(fault, (hubProcess) => {
          onInjected(kind);
          return hubProcess.kill();
        });
      case 'hub-restart':
        return withProcess(fault, (hubProcess) => {
          onInjected(kind);
          return hubProcess.restart();
        });
      case 'store-thread-kill':
        return withProcess(fault, (hubProcess) => {
          onInjected(kind);
          return hubProcess.killStoreThread(target);
        });
      case 'hub-freeze':
        return withProcess(fault, (hubProcess) => freeze(fault, hubProcess));
      case 'agent-kill':
        onInjected(kind);
        return enqueue(agent, () => agent.kill(durationMs / 4));
      case 'agent-restart':
        onInjected(kind);
        return enqueue(agent, () => agent.restart());
      case 'journal-loss':
        onInjected(kind);
        return enqueue(agent, () => agent.loseJournal(durationMs / 4));
      case 'agent-freeze':
        return enqueue(agent, () => freeze(fault, agent));
      case 'slow-reader': {
        const dashboard = pickTarget(dashboards, target);
        if (dashboard.isWelcome()) onInjected(kind);
        dashboard.pauseReading();
        await wait(durationMs);
        return dashboard.resumeReading();
      }
      case 'clock-jump':
        onInjected(kind);
        return withProcess(fault, () => Promise.resolve(hub.jumpClock(amount)));
      case 'store-failure': {
        const failure = hub.failStore(pickTarget(STORE_CALLS, target));
        await wait(durationMs);
        // Some calls are rare.
        await Promise.race([failure.hasFailed, wait(MAX_STORE_WAIT_MS)]);
        if (failure.end() > 0) onInjected(kind);
        return;
      }
      case 'stop-at-handover':
        return enqueue(agent, () => play(stopAtHandover, fault));
      case 'slow-first-message':
        return play(delayFirstMessage, fault);
      case 'run-while-half-open':
        return play(runWhileHalfOpen, fault);
      case 'unsaved-request':
        return play(failRequest, fault);
      case 'kill-after-interrupt':
        return play(killAfterInterrupt, fault);
      case 'restart-with-late-output':
        return play(restartWithLateOutput, fault);
      case 'restart-with-pending-approval':
        return play(restartWithPendingApproval, fault);
      default:
        kind satisfies never;
    }
  };
}
