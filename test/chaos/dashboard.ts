// A dashboard of a round: speaks the protocol over a real socket, comes back whenever it is cut off, takes up where it
// was, and writes down everything it sees.
import { inflateRawSync } from 'node:zlib';
import { createDecoder, encode } from '../../src/protocol/codec.ts';
import { type CommandStatus, hasEnded } from '../../src/protocol/command-status.ts';
import type { DashboardConnect, DashboardToHub } from '../../src/protocol/dashboard-to-hub.ts';
import { type HubToDashboard, hubToDashboard } from '../../src/protocol/hub-to-dashboard.ts';
import type { Unversioned } from '../../src/protocol/message.ts';
import { createCondition } from '../support/condition.ts';
import { type ManualSocket, openManualSocket } from '../support/hub/manual-socket.ts';
import type { Prng } from './prng.ts';
import { createDashboardRecord } from './record.ts';
import { createRequests } from './requests.ts';

export interface DashboardOptions {
  name: string;
  mode: 'all' | 'attached';
  /** Takes broadcasts compressed. */
  deflates: boolean;
  /** Where it finds the hub. */
  url(): string;
  token(): Promise<string>;
  /** The hub's clock. */
  now(): number;
  prng: Prng;
}

/** Terminals it attaches to by itself at once after a reconnect: a person opens no more either. */
const ATTACH_AT_ONCE = 8;

const decode = createDecoder(hubToDashboard, (bytes) => inflateRawSync(bytes));

export type ChaosDashboard = ReturnType<typeof openDashboard>;

export function openDashboard(options: DashboardOptions) {
  const { name, mode, prng } = options;
  const record = createDashboardRecord(name);
  const { notify: changed, waitUntil: when } = createCondition();
  /** Commands whose output it wants. */
  const followed = new Set<string>();
  let wire: ManualSocket | null = null;
  let isWelcome = false;
  let connection = 0;
  let identity: { connectionId: string; hubEpoch: string } | null = null;
  let resumes = true;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;

  const flaw = (text: string) => void record.flaws.push(text);
  const requests = createRequests((request) => say(request), flaw);

  function say(body: Unversioned<DashboardToHub>) {
    if (isWelcome) wire?.sendFrame(encode<DashboardToHub>(body));
  }

  const terminal = (commandId: string) => record.terminal(identity?.hubEpoch ?? '', commandId);
  const incomplete = () => [...followed].filter((commandId) => !terminal(commandId).complete);

  async function connect() {
    connection += 1;
    const mine = connection;
    const lost = Promise.withResolvers<never>();
    lost.promise.catch(() => {});
    const on = {
      onFrame(frame: string | Uint8Array) {
        if (mine === connection && !isOver) take(frame);
      },
      onClose(code: number, reason: string) {
        lost.reject(new Error(`closed with ${code} ${reason}`));
        if (mine === connection) dropped();
      },
    };
    try {
      const opened = await Promise.race([
        openManualSocket(`${options.url()}/ws/dashboard`, on),
        lost.promise,
      ]);
      opened.answerPings(true);
      const hello = await createHello();
      if (mine !== connection || isOver) return opened.terminate();
      wire = opened;
      opened.sendFrame(encode<DashboardToHub>(hello));
    } catch {
      if (mine === connection) dropped();
    }
  }

  async function createHello(): Promise<Unversioned<DashboardConnect>> {
    const token = await options.token();
    return {
      type: 'dashboard:connect',
      token,
      clientInfo: { userAgent: `chaos ${name}`, timezone: 'UTC' },
      terminals: mode,
      ...(options.deflates && { accept: ['deflate-raw'] }),
      ...(identity &&
        resumes && {
          resume: {
            ...identity,
            terminals: incomplete().map((commandId) => ({
              commandId,
              afterSequence: terminal(commandId).next - 1,
            })),
          },
        }),
    };
  }

  function dropped() {
    wire = null;
    isWelcome = false;
    if (isOver) return;
    clearTimeout(timer);
    resumes = prng.chance(0.85);
    timer = setTimeout(() => void connect(), prng.between(10, 250));
    changed();
  }

  function take(frame: string | Uint8Array): void {
    const decoded = decode(frame);
    if (!decoded.ok) return flaw(`nonsense came: ${decoded.reason}`);
    const { message } = decoded;
    if (message.type !== 'dashboard:welcome' && !isWelcome && message.type !== 'error') {
      flaw(`${message.type} came before the welcome`);
    }
    receive(message);
  }

  function receive(message: HubToDashboard) {
    switch (message.type) {
      case 'dashboard:welcome':
        return welcomed(message.connectionId, message.hubEpoch, message.resumed);
      case 'agent:status':
        record.agents.push({ connection, agentId: message.agentId, status: message.status });
        return changed();
      case 'command:status': {
        const { commandId, status, exitCode = null, error } = message;
        const isNew = !record.last.has(commandId);
        record.status({ connection, commandId, status, exitCode, error: error?.code ?? null });
        if (mode === 'all') followed.add(commandId);
        if (mode === 'attached' && !followed.has(commandId)) consider(commandId, isNew);
        return changed();
      }
      case 'terminal:output':
        if (mode === 'all') followed.add(message.commandId);
        return terminal(message.commandId).output(message);
      case 'terminal:gap':
        return terminal(message.commandId).gap(message);
      case 'terminal:complete':
        terminal(message.commandId).completed(message);
        return changed();
      case 'command:accepted': {
        const { requestId = '', commandId } = message;
        record.accepted.push({ requestId, commandId, at: Date.now() });
        return requests.accepted(requestId, commandId);
      }
      case 'error':
        return requests.refused(message);
      case 'hub:heartbeat':
      case 'agent:updated':
      case 'agent:removed':
        return;
      case 'approval:request':
      case 'approval:resolved':
      case 'approval:applied':
      case 'command:report':
        return flaw(`${message.type} came, and nobody asked anything of an AI`);
      default:
        message satisfies never;
    }
  }

  /** Attaches to some commands as they appear, to others once they have moved on. */
  function consider(commandId: string, isNew: boolean) {
    if (!prng.chance(isNew ? 0.4 : 0.2)) return;
    followed.add(commandId);
    attach(commandId);
  }

  function attach(commandId: string) {
    say({ type: 'terminal:attach', commandId, afterSequence: terminal(commandId).next - 1 });
  }

  function welcomed(connectionId: string, hubEpoch: string, resumed: boolean) {
    const isSame = identity?.hubEpoch === hubEpoch;
    if (resumed && (!isSame || identity?.connectionId !== connectionId)) {
      flaw('resumed what it had not been');
    }
    identity = { connectionId, hubEpoch };
    isWelcome = true;
    record.welcomes.push({ connection, hubEpoch, resumed, at: options.now() });
    requests.again();
    if (!resumed) for (const commandId of incomplete().slice(0, ATTACH_AT_ONCE)) attach(commandId);
    changed();
  }

  void connect();

  return {
    record,
    mode,
    /** Asks for a command until it is accepted. */
    ask: requests.ask,
    interrupt: (commandId: string) => say({ type: 'command:interrupt', commandId }),
    isWelcome: () => isWelcome,
    /** Commands that have not ended, as far as it knows. */
    live: () =>
      [...record.last.values()].flatMap(({ commandId, status }) =>
        hasEnded(status) ? [] : [commandId],
      ),
    /** Resolves once it has seen a command in a status, or past it. */
    sees: (commandId: string, status: CommandStatus) =>
      when(() => {
        const last = record.last.get(commandId)?.status;
        return last === status || (last !== undefined && hasEnded(last));
      }),
    /** The last status of an agent. */
    agent: (agentId: string) => record.agents.findLast((seen) => seen.agentId === agentId)?.status,
    incomplete,
    /** Stops reading, or goes on. */
    pause() {
      wire?.pause();
    },
    unpause() {
      wire?.resume();
    },
    /** Wants these too, and comes back naming them, and all it has not seen the end of. */
    followAll(commandIds: readonly string[]) {
      for (const commandId of commandIds) followed.add(commandId);
      const leaving = wire;
      connection += 1;
      leaving?.terminate();
      dropped();
      resumes = true;
    },
    /** Everything sent before has been answered. */
    settled: () => wire?.ping() ?? Promise.resolve(),
    when,
    close() {
      isOver = true;
      clearTimeout(timer);
      requests.stop();
      wire?.terminate();
    },
  };
}
