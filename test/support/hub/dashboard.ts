// A dashboard that speaks the protocol over a real socket, and believes nothing the schemas do not allow.
import type { CommandStatus } from '../../../src/protocol/command-status.ts';
import { createDecoder, encode } from '../../../src/protocol/codec.ts';
import type {
  CommandRequest,
  DashboardConnect,
  DashboardToHub,
} from '../../../src/protocol/dashboard-to-hub.ts';
import type { Role } from '../../../src/protocol/entities.ts';
import { type HubToDashboard, hubToDashboard } from '../../../src/protocol/hub-to-dashboard.ts';
import type { Unversioned } from '../../../src/protocol/message.ts';
import { inflate } from '../../../src/web/sockets/socket.ts';
import type { TestHub } from './hub.ts';
import { createInbox } from './inbox.ts';
import { type BareWire, openBareWire, openWire, type Wire } from './wire.ts';

export interface DashboardOptions {
  role?: Role;
  userId?: string;
  token?: string;
  terminals?: 'all' | 'attached';
  resume?: DashboardConnect['resume'];
  accept?: DashboardConnect['accept'];
}

const decode = createDecoder(hubToDashboard, inflate);

export type Dashboard = Awaited<ReturnType<typeof openDashboard>>;

/** Opens a dashboard's socket and says nothing yet. */
export async function openDashboard(hub: Pick<TestHub, 'wsUrl'>) {
  const { ears, on } = createEars();
  return dashboardOn(await openWire(`${hub.wsUrl}/ws/dashboard`, on), ears);
}

/** A dashboard that has been welcomed. */
export async function connectDashboard(hub: TestHub, options: DashboardOptions = {}) {
  const dashboard = await openDashboard(hub);
  await dashboard.hello(hub, options);
  return dashboard;
}

/** A dashboard over bare TCP, which may stop reading. */
export async function connectBareDashboard(hub: TestHub, options: DashboardOptions = {}) {
  const { ears, on } = createEars();
  const wire: BareWire = await openBareWire(`${hub.wsUrl}/ws/dashboard`, on);
  const dashboard = dashboardOn(wire, ears);
  await dashboard.hello(hub, options);
  return { ...dashboard, wire };
}

function createEars() {
  const inbox = createInbox<HubToDashboard>('the dashboard');
  const ears = { inbox, binaryFrames: 0 };
  return {
    ears,
    on: {
      frame(frame: string | Uint8Array) {
        if (typeof frame !== 'string') ears.binaryFrames += 1;
        const decoded = decode(frame);
        if (!decoded.ok) throw new Error(`the hub sent nonsense: ${decoded.reason}`);
        inbox.take(decoded.message);
      },
      closed: inbox.end,
    },
  };
}

/** What a terminal's message takes of the sequence: its number, or the gap as `[from, to)`. */
function sequencesOf(message: HubToDashboard): (number | [number, number])[] {
  if (message.type === 'terminal:output') return [message.sequence];
  if (message.type === 'terminal:gap') return [[message.fromSequence, message.toSequence]];
  return [];
}

function dashboardOn(wire: Wire, ears: ReturnType<typeof createEars>['ears']) {
  const { inbox } = ears;
  const send = (body: Unversioned<DashboardToHub>) => wire.send(encode<DashboardToHub>(body));

  /** What came of one terminal, in the order it came. */
  function terminal(commandId: string) {
    return inbox.received.filter(
      (message) =>
        (message.type === 'terminal:output' ||
          message.type === 'terminal:gap' ||
          message.type === 'terminal:complete') &&
        message.commandId === commandId,
    );
  }

  return {
    ...wire,
    received: inbox.received,
    closed: inbox.closed,
    find: inbox.find,
    ofType: inbox.ofType,
    when: inbox.when,
    /** Sends a message. */
    say: send,
    /** Introduces itself; resolves with the welcome. */
    async hello(
      hub: Pick<TestHub, 'token'>,
      { role, userId, token, terminals, resume, accept }: DashboardOptions = {},
    ) {
      send({
        type: 'dashboard:connect',
        token: token ?? (await hub.token(role, userId)),
        clientInfo: { userAgent: 'test', timezone: 'UTC' },
        ...(terminals && { terminals }),
        ...(resume && { resume }),
        ...(accept && { accept }),
      });
      return inbox.find('dashboard:welcome');
    },
    /** Asks for a command; resolves with its id once it is accepted. */
    async request(
      command: string,
      more: Partial<Omit<CommandRequest, 'type' | 'version' | 'command'>> = {},
    ) {
      const requestId = more.requestId ?? crypto.randomUUID();
      const isMine = (message: { requestId?: string }) => message.requestId === requestId;
      send({
        type: 'command:request',
        agentId: 'agent',
        priority: 'normal',
        ...more,
        command,
        requestId,
      });
      const answer = await inbox.when(
        () => inbox.ofType('command:accepted').find(isMine) ?? inbox.ofType('error').find(isMine),
        'command:accepted',
      );
      if (answer.type !== 'command:accepted') {
        throw new Error(`refused: ${JSON.stringify(answer)}`);
      }
      return answer.commandId;
    },
    /** Resolves once the hub has said that the command has this status. */
    status: (commandId: string, status: CommandStatus) =>
      inbox.find(
        'command:status',
        (said) => said.commandId === commandId && said.status === status,
      ),
    /** Every status the hub has told of a command, in order. */
    statuses: (commandId: string) =>
      inbox
        .ofType('command:status')
        .flatMap((said) => (said.commandId === commandId ? [said.status] : [])),
    terminal,
    /** The text of a terminal so far. */
    text: (commandId: string) =>
      terminal(commandId)
        .map((message) => (message.type === 'terminal:output' ? message.data : ''))
        .join(''),
    /** The sequences that came, gaps as `[from, to)`. */
    sequences: (commandId: string) => terminal(commandId).flatMap(sequencesOf),
    /** How many frames came in bytes. */
    binaryFrames: () => ears.binaryFrames,
    complete: (commandId: string) =>
      inbox.find('terminal:complete', (message) => message.commandId === commandId),
    error: (code: string) => inbox.find('error', (message) => message.code === code),
  };
}
