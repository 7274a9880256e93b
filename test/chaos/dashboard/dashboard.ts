// A dashboard of a round: it reconnects and resumes after every disconnect and records everything it receives.
import { inflateRawSync } from 'node:zlib';
import { createDecoder, encode } from '../../../src/protocol/codec.ts';
import { type CommandStatus, hasEnded } from '../../../src/protocol/command-status.ts';
import type { DashboardConnect, DashboardToHub } from '../../../src/protocol/dashboard-to-hub.ts';
import { type HubToDashboard, hubToDashboard } from '../../../src/protocol/hub-to-dashboard.ts';
import type { Unversioned } from '../../../src/protocol/message.ts';
import { createCondition } from '../../support/condition.ts';
import { type ManualSocket, openManualSocket } from '../../support/hub/manual-socket.ts';
import { createDashboardRecord } from './record.ts';
import { createPendingRequests } from './pending-requests.ts';
import type { DashboardPlan } from '../plan.ts';
import type { Prng } from '../prng.ts';

export interface ChaosDashboardOptions extends DashboardPlan {
  name: string;
  /** Returns the current address of the hub. */
  url(): string;
  issueToken(): Promise<string>;
  /** Returns the time of the hub's clock. */
  now(): number;
  prng: Prng;
}

/** How many terminals it attaches to at once after a reconnect; a user would not open more either. */
const MAX_ATTACHED_AT_ONCE = 8;

const decode = createDecoder(hubToDashboard, (bytes) => inflateRawSync(bytes));

export type ChaosDashboard = ReturnType<typeof openDashboard>;

export function openDashboard(options: ChaosDashboardOptions) {
  const { name, mode, prng } = options;
  const record = createDashboardRecord(name);
  const { notify, waitUntil } = createCondition();
  /** The commands whose output it expects. */
  const followed = new Set<string>();
  let socket: ManualSocket | null = null;
  let isWelcome = false;
  let connection = 0;
  let identity: { connectionId: string; hubEpoch: string } | null = null;
  let resumes = true;
  let reconnectTimer: ReturnType<typeof setTimeout> | undefined;
  let isClosed = false;

  const addViolation = (text: string) => void record.violations.push(text);
  const requests = createPendingRequests((request) => send(request), addViolation);

  function send(message: Unversioned<DashboardToHub>) {
    if (isWelcome) socket?.sendFrame(encode<DashboardToHub>(message));
  }

  const getTerminal = (commandId: string) =>
    record.getTerminal(identity?.hubEpoch ?? '', commandId);
  const incompleteCommands = () =>
    [...followed].filter((commandId) => !getTerminal(commandId).complete);

  async function connect() {
    connection += 1;
    const ownConnection = connection;
    const lost = Promise.withResolvers<never>();
    lost.promise.catch(() => {});
    const handlers = {
      onFrame(frame: string | Uint8Array) {
        if (ownConnection === connection && !isClosed) onFrame(frame);
      },
      onClose(code: number, reason: string) {
        lost.reject(new Error(`The socket was closed with ${code} ${reason}.`));
        if (ownConnection === connection) onDisconnect();
      },
    };
    try {
      const opened = await Promise.race([
        openManualSocket(`${options.url()}/ws/dashboard`, handlers),
        lost.promise,
      ]);
      opened.answerPings(true);
      const connectMessage = await createConnectMessage();
      if (ownConnection !== connection || isClosed) return opened.terminate();
      socket = opened;
      opened.sendFrame(encode<DashboardToHub>(connectMessage));
    } catch {
      if (ownConnection === connection) onDisconnect();
    }
  }

  async function createConnectMessage(): Promise<Unversioned<DashboardConnect>> {
    const token = await options.issueToken();
    const terminals = incompleteCommands().map((commandId) => ({
      commandId,
      afterSequence: getTerminal(commandId).nextSequence - 1,
    }));
    return {
      type: 'dashboard:connect',
      token,
      clientInfo: { userAgent: `chaos ${name}`, timezone: 'UTC' },
      terminals: mode,
      ...(options.acceptsDeflate && { accept: ['deflate-raw'] }),
      ...(identity && resumes && { resume: { ...identity, terminals } }),
    };
  }

  function onDisconnect() {
    socket = null;
    isWelcome = false;
    if (isClosed) return;
    clearTimeout(reconnectTimer);
    resumes = prng.chance(0.85);
    reconnectTimer = setTimeout(() => void connect(), prng.between(10, 250));
    notify();
  }

  function onFrame(frame: string | Uint8Array): void {
    const decoded = decode(frame);
    if (!decoded.ok) return addViolation(`received an invalid message: ${decoded.reason}`);
    const { message } = decoded;
    if (message.type !== 'dashboard:welcome' && !isWelcome && message.type !== 'error') {
      addViolation(`received ${message.type} before the welcome`);
    }
    onMessage(message);
  }

  function onMessage(message: HubToDashboard) {
    switch (message.type) {
      case 'dashboard:welcome':
        return onWelcome(message.connectionId, message.hubEpoch, message.resumed);
      case 'agent:status':
        record.agentUpdates.push({ connection, agentId: message.agentId, status: message.status });
        return notify();
      case 'command:status': {
        const { commandId, status, exitCode = null, error } = message;
        const isNew = !record.latestUpdates.has(commandId);
        const update = { connection, commandId, status, exitCode, error: error?.code ?? null };
        record.addCommandUpdate(update);
        if (mode === 'all') followed.add(commandId);
        if (mode === 'attached' && !followed.has(commandId)) maybeAttach(commandId, isNew);
        return notify();
      }
      case 'terminal:output':
        if (mode === 'all') followed.add(message.commandId);
        return getTerminal(message.commandId).addOutput(message);
      case 'terminal:gap':
        return getTerminal(message.commandId).addGap(message);
      case 'terminal:complete':
        getTerminal(message.commandId).setComplete(message);
        return notify();
      case 'command:accepted': {
        const { requestId = '', commandId } = message;
        record.accepted.push({ requestId, commandId, at: Date.now() });
        return requests.onAccepted(requestId, commandId);
      }
      case 'error':
        return requests.onError(message);
      case 'hub:heartbeat':
      case 'agent:updated':
      case 'agent:removed':
        return;
      case 'approval:request':
      case 'approval:resolved':
      case 'approval:applied':
      case 'command:report':
        return addViolation(`received ${message.type}, which only an AI program can cause`);
      default:
        message satisfies never;
    }
  }

  /** Attaches to some commands when they appear and to others when their status changes. */
  function maybeAttach(commandId: string, isNew: boolean) {
    if (!prng.chance(isNew ? 0.4 : 0.2)) return;
    followed.add(commandId);
    attach(commandId);
  }

  function attach(commandId: string) {
    const afterSequence = getTerminal(commandId).nextSequence - 1;
    send({ type: 'terminal:attach', commandId, afterSequence });
  }

  function onWelcome(connectionId: string, hubEpoch: string, resumed: boolean) {
    const isSameEpoch = identity?.hubEpoch === hubEpoch;
    if (resumed && (!isSameEpoch || identity?.connectionId !== connectionId)) {
      addViolation('resumed a connection that is not its own');
    }
    identity = { connectionId, hubEpoch };
    isWelcome = true;
    record.welcomes.push({ connection, hubEpoch, resumed, at: options.now() });
    requests.resendAll();
    if (!resumed) {
      for (const commandId of incompleteCommands().slice(0, MAX_ATTACHED_AT_ONCE)) {
        attach(commandId);
      }
    }
    notify();
  }

  void connect();

  return {
    record,
    /** Requests a command and repeats the request until it is accepted. */
    request: requests.request,
    interrupt: (commandId: string) => send({ type: 'command:interrupt', commandId }),
    isWelcome: () => isWelcome,
    /** Returns the commands that have not ended, according to the updates it received. */
    liveCommands: () =>
      [...record.latestUpdates.values()].flatMap(({ commandId, status }) =>
        hasEnded(status) ? [] : [commandId],
      ),
    /** Resolves once a command has a status or has ended. */
    waitForStatus: (commandId: string, status: CommandStatus) =>
      waitUntil(() => {
        const latest = record.latestUpdates.get(commandId)?.status;
        return latest === status || (latest !== undefined && hasEnded(latest));
      }),
    /** Returns the latest status of an agent. */
    agentStatus: (agentId: string) =>
      record.agentUpdates.findLast((update) => update.agentId === agentId)?.status,
    incompleteCommands,
    pauseReading() {
      socket?.pause();
    },
    resumeReading() {
      socket?.resume();
    },
    /** Follows these commands too, and reconnects to receive all output that it has not seen completely. */
    followAll(commandIds: readonly string[]) {
      for (const commandId of commandIds) followed.add(commandId);
      const previous = socket;
      connection += 1;
      previous?.terminate();
      onDisconnect();
      resumes = true;
    },
    /** Resolves once the hub has handled everything sent before. */
    ping: () => socket?.ping() ?? Promise.resolve(),
    waitUntil,
    close() {
      isClosed = true;
      clearTimeout(reconnectTimer);
      requests.stop();
      socket?.terminate();
    },
  };
}
