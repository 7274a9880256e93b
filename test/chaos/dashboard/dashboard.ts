// A dashboard of a round: it resumes after every disconnect and records everything it receives.
import type { CommandStatus } from '../../../src/protocol/command-status.ts';
import { ACCEPTS_RESET, type DashboardConnect } from '../../../src/protocol/dashboard-to-hub.ts';
import type { ErrorCode } from '../../../src/protocol/errors.ts';
import type { DashboardWelcome, HubToDashboard } from '../../../src/protocol/hub-to-dashboard.ts';
import type { Unversioned } from '../../../src/protocol/message.ts';
import { createCondition } from '../../support/condition.ts';
import type { DashboardPlan } from '../plan.ts';
import type { Prng } from '../prng.ts';
import { createDashboardConnection } from './connection.ts';
import { createPendingInterrupts, type InterruptAnswer } from './pending-interrupts.ts';
import { createPendingRequests } from './pending-requests.ts';
import { createDashboardRecord } from './record.ts';

export interface ChaosDashboardOptions extends DashboardPlan {
  name: string;
  /** Returns the current address of the hub. */
  url(): string;
  issueToken(): Promise<string>;
  /** Returns the time of the hub's clock. */
  now(): number;
  prng: Prng;
  /** Called for every message except heartbeats. */
  onProgress(): void;
}

/** An approval request that is pending as far as the dashboard knows. */
export interface PendingApproval {
  approvalId: string;
  commandId: string;
  title: string;
}

/** How many terminals it attaches to at once after a reconnect. */
const MAX_ATTACHED_AT_ONCE = 8;
/** The pause before it attaches to more, so that it stays within the rate limit. */
const ATTACH_MS = 400;

export type ChaosDashboard = ReturnType<typeof openDashboard>;

export function openDashboard(options: ChaosDashboardOptions) {
  const { name, mode, prng } = options;
  const record = createDashboardRecord(name);
  const { notify, waitUntil } = createCondition();
  /** The commands whose output it expects in the end. */
  const followed = new Set<string>();
  /** Those whose output must arrive without another `terminal:attach`, unless the connection cannot be resumed. */
  const subscribed = new Set<string>();
  const pendingApprovals = new Map<string, PendingApproval>();
  let identity: { connectionId: string; hubEpoch: string } | null = null;
  let resumes = true;
  /** The output epochs that hubs have named, by commandId. */
  const epochs = new Map<string, number>();
  /** The terminals with which it tries to resume. */
  let resumed: string[] = [];
  /** Whether it needs all output, also of commands that it has not resumed because another hub accepts its connection. */
  let followsAll = false;
  let attachTimer: ReturnType<typeof setTimeout> | null = null;

  const addViolation = (text: string) => void record.violations.push(text);
  const interrupts = createPendingInterrupts();
  const connection = createDashboardConnection({
    url: options.url,
    prng,
    createConnectMessage,
    onMessage,
    onDisconnect() {
      resumes = prng.chance(0.85);
      interrupts.onDisconnect();
      notify();
    },
    onViolation: addViolation,
  });
  const requests = createPendingRequests(connection.send, addViolation);

  const getTerminal = (commandId: string) =>
    record.getTerminal(identity?.hubEpoch ?? '', commandId);
  /** The position after which a terminal continues. */
  function getPosition(commandId: string) {
    const epoch = epochs.get(commandId);
    const afterSequence = getTerminal(commandId).nextSequence - 1;
    return { afterSequence, ...(epoch !== undefined && { epoch }) };
  }

  const isIncomplete = (commandId: string) => !record.findTerminal(commandId)?.complete;
  const incompleteCommands = () => [...followed].filter(isIncomplete);

  async function createConnectMessage(): Promise<Unversioned<DashboardConnect>> {
    const token = await options.issueToken();
    const terminals = incompleteCommands().map((commandId) => ({
      commandId,
      ...getPosition(commandId),
    }));
    const isResuming = identity !== null && resumes;
    resumed = isResuming ? terminals.map(({ commandId }) => commandId) : [];
    const accept = [
      ...(options.acceptsDeflate ? ['deflate-raw'] : []),
      ...(options.acceptsReset ? [ACCEPTS_RESET] : []),
    ];
    return {
      type: 'dashboard:connect',
      token,
      clientInfo: { userAgent: `chaos ${name}`, timezone: 'UTC' },
      terminals: mode === 'all' ? 'all' : 'attached',
      ...(accept.length > 0 && { accept }),
      ...(identity && isResuming && { resume: { ...identity, terminals } }),
    };
  }

  function onMessage(message: HubToDashboard): void {
    if (message.type === 'hub:heartbeat' || message.type === 'agent:updated') return;
    options.onProgress();
    handle(message);
    notify();
  }

  function handle(message: HubToDashboard): void {
    const number = connection.number();
    switch (message.type) {
      case 'dashboard:welcome':
        return onWelcome(message);
      case 'agent:status': {
        const { agentId, status } = message;
        return void record.agentUpdates.push({ connection: number, agentId, status });
      }
      case 'command:status': {
        const { commandId, status, exitCode = null, error } = message;
        const isNew = !record.latestUpdates.has(commandId);
        const code = error?.code ?? null;
        record.addCommandUpdate({ connection: number, commandId, status, exitCode, error: code });
        interrupts.onStatus(commandId, status);
        if (mode === 'all') follow(commandId);
        if (mode === 'attached' && !followed.has(commandId)) maybeAttach(commandId, isNew);
        return;
      }
      case 'terminal:output':
        if (mode === 'all') follow(message.commandId);
        return getTerminal(message.commandId).addOutput(message);
      case 'terminal:gap':
        return getTerminal(message.commandId).addGap(message);
      case 'terminal:reset':
        if (!options.acceptsReset)
          addViolation('received terminal:reset, which it does not accept');
        return endTerminal(message.commandId);
      case 'terminal:epoch':
        if (!options.acceptsReset)
          addViolation('received terminal:epoch, which it does not accept');
        return void epochs.set(message.commandId, message.epoch);
      case 'terminal:complete':
        getTerminal(message.commandId).setComplete(message);
        return attachLater();
      case 'command:accepted': {
        const { requestId = '', commandId } = message;
        record.accepted.push({ requestId, commandId, at: Date.now() });
        return requests.onAccepted(requestId, commandId);
      }
      case 'approval:request':
        pendingApprovals.set(message.approvalId, message);
        return addApprovalUpdate(message.approvalId, 'request');
      case 'approval:resolved':
        pendingApprovals.delete(message.approvalId);
        return addApprovalUpdate(message.approvalId, 'resolved', message);
      case 'approval:applied':
        return addApprovalUpdate(message.approvalId, 'applied');
      case 'error':
        if (message.code === 'invalid_message') addViolation(`error: ${message.message}`);
        if (message.requestId !== undefined) return requests.onError(message);
        return onCommandError(message.commandId, message.code);
      case 'agent:removed':
        return addViolation(`${message.agentId} was removed`);
      case 'hub:heartbeat':
      case 'agent:updated':
      case 'command:report':
      case 'turn:updated':
      case 'terminal:size':
      case 'input:accepted':
        return;
      default:
        message satisfies never;
    }
  }

  function addApprovalUpdate(
    approvalId: string,
    kind: 'request' | 'resolved' | 'applied',
    { outcome, optionId }: { outcome?: 'selected' | 'cancelled'; optionId?: string } = {},
  ) {
    record.approvalUpdates.push({
      connection: connection.number(),
      approvalId,
      kind,
      outcome: outcome ?? null,
      optionId: optionId ?? null,
    });
  }

  function onCommandError(commandId: string | undefined, code: ErrorCode) {
    if (commandId === undefined) return;
    record.errors.push({ commandId, code, at: Date.now() });
    interrupts.onError(commandId, code);
    // It may have been the answer to `terminal:attach`.
    if (code !== 'rate_limited') return;
    subscribed.delete(commandId);
    attachLater();
  }

  function follow(commandId: string) {
    followed.add(commandId);
    subscribed.add(commandId);
  }

  /** Attaches to some commands when they appear and to others when their status changes. */
  function maybeAttach(commandId: string, isNew: boolean) {
    if (!prng.chance(isNew ? 0.4 : 0.2)) return;
    attach(commandId);
  }

  function attach(commandId: string) {
    follow(commandId);
    connection.send({ type: 'terminal:attach', commandId, ...getPosition(commandId) });
  }

  function endTerminal(commandId: string) {
    record.endTerminal(commandId);
    epochs.delete(commandId);
  }

  function onWelcome(welcome: DashboardWelcome) {
    const { connectionId, hubEpoch, resumed: isResumed, keepsTerminals = false } = welcome;
    const isSameEpoch = identity?.hubEpoch === hubEpoch;
    if (isResumed && (!isSameEpoch || identity?.connectionId !== connectionId)) {
      addViolation('resumed a connection that is not its own');
    }
    identity = { connectionId, hubEpoch };
    record.welcomes.push({
      connection: connection.number(),
      hubEpoch,
      resumed: isResumed,
      at: options.now(),
    });
    pendingApprovals.clear();
    record.clearState();
    requests.resendAll();
    if (isResumed) return;
    // The hub resets those that it has attached and cannot continue.
    const attached = new Set(keepsTerminals ? resumed : []);
    const isKept = (commandId: string) =>
      keepsTerminals && mode === 'attached' && epochs.has(commandId);
    if (!isSameEpoch)
      record.endTerminals((commandId) => attached.has(commandId) || isKept(commandId));
    for (const commandId of epochs.keys()) {
      if (!record.findTerminal(commandId)) epochs.delete(commandId);
    }
    subscribed.clear();
    for (const commandId of attached) subscribed.add(commandId);
    attachSome();
  }

  function attachLater() {
    if (!followsAll || attachTimer !== null) return;
    attachTimer = setTimeout(() => {
      attachTimer = null;
      attachSome();
    }, ATTACH_MS);
  }

  /** Attaches to commands whose output is not complete: a user would not open more terminals at once. */
  function attachSome() {
    const incomplete = incompleteCommands();
    const count = incomplete.filter((commandId) => subscribed.has(commandId)).length;
    const others = incomplete.filter((commandId) => !subscribed.has(commandId));
    for (const commandId of others.slice(0, Math.max(0, MAX_ATTACHED_AT_ONCE - count))) {
      attach(commandId);
    }
  }

  return {
    ...connection,
    record,
    /** Requests a command and repeats the request until it is accepted. */
    request: requests.request,
    /** Sends a request once whose requestId belongs to another command. */
    requestConflict: requests.requestConflict,
    /** Interrupts a command; resolves with the answer. */
    interrupt(commandId: string): Promise<InterruptAnswer> {
      const status = record.latestUpdates.get(commandId)?.status;
      if (!connection.send({ type: 'command:interrupt', commandId })) {
        return Promise.resolve('lost');
      }
      return interrupts.add(commandId, status);
    },
    /** The pending approval requests. */
    pendingApprovals,
    respond(approvalId: string, optionId: string) {
      connection.send({ type: 'approval:respond', approvalId, optionId });
    },
    /** Resolves once a command has a status or has ended. */
    waitForStatus: (commandId: string, status: CommandStatus) =>
      waitUntil(() => record.hasReached(commandId, status)),
    /** Returns the latest status of an agent. */
    agentStatus: (agentId: string) =>
      record.agentUpdates.findLast((update) => update.agentId === agentId)?.status,
    incompleteCommands,
    /** Returns the commands whose output should have arrived or will arrive without another request. */
    awaitedCommands: () => [...subscribed].filter(isIncomplete),
    /** Follows these commands too, and reconnects to receive all output that it has not seen completely. */
    followAll(commandIds: readonly string[]) {
      for (const commandId of commandIds) followed.add(commandId);
      followsAll = true;
      connection.reconnect();
      resumes = true;
    },
    waitUntil,
    close() {
      clearTimeout(attachTimer ?? undefined);
      requests.stop();
      connection.close();
    },
  };
}
