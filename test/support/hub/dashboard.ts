// A dashboard driven by a test, over a real socket.
import type { AgentStatus } from '../../../src/protocol/agent-status.ts';
import { createDecoder } from '../../../src/protocol/codec.ts';
import type { CommandStatus } from '../../../src/protocol/command-status.ts';
import type {
  CommandRequest,
  DashboardConnect,
  DashboardToHub,
} from '../../../src/protocol/dashboard-to-hub.ts';
import type { Role } from '../../../src/protocol/entities.ts';
import { type HubToDashboard, hubToDashboard } from '../../../src/protocol/hub-to-dashboard.ts';
import { inflate } from '../../../src/web/sockets/socket.ts';
import { type ClientSocket, openSocket, type SocketHandlers } from './client-socket.ts';
import type { TestHub } from './hub.ts';
import { openManualSocket } from './manual-socket.ts';
import { openProtocolClient } from './protocol-client.ts';

export interface DashboardOptions {
  role?: Role;
  userId?: string;
  token?: string;
  terminals?: 'all' | 'attached';
  resume?: DashboardConnect['resume'];
  accept?: DashboardConnect['accept'];
}

export type RequestOptions = Partial<Omit<CommandRequest, 'type' | 'version' | 'command'>>;

const decode = createDecoder(hubToDashboard, { inflate });

/** Opens the socket of a dashboard and sends nothing yet. */
export function openDashboard({ wsUrl }: Pick<TestHub, 'wsUrl'>) {
  return openOn((handlers) => openSocket(`${wsUrl}/ws/dashboard`, handlers));
}

/** Connects a dashboard; resolves once it has the welcome. */
export async function connectDashboard(hub: TestHub, options: DashboardOptions = {}) {
  const dashboard = await openDashboard(hub);
  await dashboard.connect(hub, options);
  return dashboard;
}

/** Connects a dashboard on a manual socket, which can stop reading. */
export async function connectManualDashboard(hub: TestHub, options: DashboardOptions = {}) {
  const dashboard = await openOn((handlers) =>
    openManualSocket(`${hub.wsUrl}/ws/dashboard`, handlers),
  );
  await dashboard.connect(hub, options);
  return dashboard;
}

/** Returns the sequences that a message covers: the number of a chunk, or a gap as `[from, to)`. */
function readSequences(message: HubToDashboard): (number | [number, number])[] {
  if (message.type === 'terminal:output') return [message.sequence];
  if (message.type === 'terminal:gap') return [[message.fromSequence, message.toSequence]];
  return [];
}

async function openOn<S extends ClientSocket>(open: (handlers: SocketHandlers) => Promise<S>) {
  const client = await openProtocolClient<HubToDashboard, DashboardToHub, S>(
    'the dashboard',
    decode,
    open,
  );
  const { send, received, ofType, waitFor, waitUntil } = client;

  /** Returns the messages received for a terminal, in order. */
  function terminalMessages(commandId: string) {
    return received.filter(
      (message) =>
        (message.type === 'terminal:output' ||
          message.type === 'terminal:gap' ||
          message.type === 'terminal:complete') &&
        message.commandId === commandId,
    );
  }

  /** Returns the output received for a command. */
  const outputOf = (commandId: string) =>
    terminalMessages(commandId)
      .map((message) => (message.type === 'terminal:output' ? message.data : ''))
      .join('');

  return {
    ...client,
    /** Sends `dashboard:connect`; resolves with the welcome. */
    async connect(
      hub: Pick<TestHub, 'issueToken'>,
      { role, userId, token, terminals, resume, accept }: DashboardOptions = {},
    ) {
      send({
        type: 'dashboard:connect',
        token: token ?? (await hub.issueToken(role, userId)),
        clientInfo: { userAgent: 'test', timezone: 'UTC' },
        ...(terminals && { terminals }),
        ...(resume && { resume }),
        ...(accept && { accept }),
      });
      return waitFor('dashboard:welcome');
    },
    /** Requests a command; resolves with its ID once it is accepted. */
    async request(command: string, options: RequestOptions = {}) {
      const requestId = options.requestId ?? crypto.randomUUID();
      const isReply = (message: { requestId?: string }) => message.requestId === requestId;
      send({
        type: 'command:request',
        agentId: 'agent',
        priority: 'normal',
        ...options,
        command,
        requestId,
      });
      const reply = await waitUntil(
        () => ofType('command:accepted').find(isReply) ?? ofType('error').find(isReply),
        'command:accepted',
      );
      if (reply.type !== 'command:accepted') {
        throw new Error(`The command was rejected: ${JSON.stringify(reply)}`);
      }
      return reply.commandId;
    },
    waitForAccepted: (commandId: string) =>
      waitFor('command:accepted', (message) => message.commandId === commandId),
    waitForStatus: (commandId: string, status: CommandStatus) =>
      waitFor(
        'command:status',
        (update) => update.commandId === commandId && update.status === status,
      ),
    /** Returns every status received for a command, in order. */
    statusesOf: (commandId: string) =>
      ofType('command:status').flatMap((update) =>
        update.commandId === commandId ? [update.status] : [],
      ),
    waitForAgentStatus: (status: AgentStatus, agentId = 'agent') =>
      waitFor('agent:status', (update) => update.agentId === agentId && update.status === status),
    /** Returns every status received for an agent, in order. */
    agentStatuses: (agentId = 'agent') =>
      ofType('agent:status').flatMap((update) =>
        update.agentId === agentId ? [update.status] : [],
      ),
    terminalMessages,
    outputOf,
    /** Resolves once the output of a command contains a text; by default, once there is any output. */
    waitForOutput: (commandId: string, text = '') =>
      waitUntil(() => {
        const output = outputOf(commandId);
        return output !== '' && output.includes(text);
      }, `output "${text}"`),
    /** Returns the sequences received for a command, gaps as `[from, to)`. */
    sequencesOf: (commandId: string) => terminalMessages(commandId).flatMap(readSequences),
    waitForComplete: (commandId: string) =>
      waitFor('terminal:complete', (message) => message.commandId === commandId),
    waitForError: (code: string) => waitFor('error', (message) => message.code === code),
  };
}
